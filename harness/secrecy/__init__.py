"""Proof that nothing a run has written tells a private key, a passphrase or a password.

`known` is what a process has used, `key_parts` what of a key would tell it, `shapes` how any private key begins, and
`scanner` finds all of them in files, in whatever form. What is found is named by kind, form and place, never shown.
"""
