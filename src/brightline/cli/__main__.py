"""`python -m brightline.cli`."""

from brightline.cli import main

main()
