"""What comes back: bounces, complaints and wishes to leave. Bytes in, what they mean out.

Anybody can send anything to an address that bounces go to. So nothing here believes a mail that
does not hold a token of ours, nothing raises, and time and memory have bounds whatever the mail is.
"""
