"""What a unit would make of an upload, explained: the verdict, the way out of it, and what nobody would be told.

`certstore` decides; this package says it in words a person can act on, asks the OpenSSL of this machine the same
question, and shrinks an upload on which two judges differ to the smallest one on which they still do.
"""
