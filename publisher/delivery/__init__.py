"""How an edition reaches its readers: the message, the transports, and the ledger's turns."""
