"""Random audits: a sample that neither side can steer, opened to an auditor both accept, and what it then shows.

    commit      the vendor makes a chain of nonces, and both sign its end in the agreement     `chain`
    challenge   after an epoch's evidence came, the vendor reveals that epoch's nonce          `challenge`
    open        the customer opens exactly the decisions drawn, to the auditor's key           `opened`
    judge       the auditor judges one at a time, or replays the decision                      `verdict`, `replay`
    report      what was shown, with exact bounds                                              `report`, `bounds`

Every statement is a DSSE envelope that is read alone. docs/reference/audit.md is the reference, and says what remains.
"""
