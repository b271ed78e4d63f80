"""Draws what tables hold as PNG, without a window system.

A number that is not there is left out and never drawn as 0; Chinese names need a font that has them, or get a number.

Files:
    figures         which figures a report has, and from which tables
    plots           bars, radars, heat maps and lines
    funnel_plot     the funnel: what steps kept and removed, and what a threshold would keep
    fonts           a font with Chinese characters, and other names where there is none
"""
