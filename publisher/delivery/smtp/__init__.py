"""Mail to servers by SMTP (RFC 5321), as fast as they take it.

commands, replies, auth    what is said, and what it means (pure)
channel, tls, opening      a connection, and how it gets ready
transfer                   letters over one connection, one round trip each
relay, engine              several connections to several servers, in a thread of their own
transport                  the door for the rest of the software
"""
