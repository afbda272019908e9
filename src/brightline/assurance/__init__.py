"""What one side can show the other: evidence bundles made, explained and verified.

`brightline.assurance.verify` stands alone: it imports nothing of its neighbours here.
"""
