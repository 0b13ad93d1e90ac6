"""One run as one HTML file: no network, no script; read on paper, on a phone, without colour, by keyboard, by ear.

`facts` is what a run knows of itself, `happenings` what the evidence has of each unit, `view` what is shown of both,
`writing` puts it into the template.
"""
