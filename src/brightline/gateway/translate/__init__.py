"""Calls of one API to a model server that has only another: `Dialect` says what is sent, and gives the answer back.

It stands between the exchange and the upstream. All that is decided, recorded, taken out or kept is in the client's
API: what goes up is made from the call that was decided on, what comes down goes through the client's own reading.
"""

from brightline.gateway.translate.dialect import Dialect
from brightline.gateway.translate.speaks import Speaks

__all__ = ["Dialect", "Speaks"]
