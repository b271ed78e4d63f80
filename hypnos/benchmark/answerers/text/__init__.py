"""What stands between turns and the text that a model reads and writes, its thoughts among it.

Files:
    model_text          turns as a local model's token ids, and its tokens as text
    template_switch     the switch of a chat template that turns thinking on and off
    served_thought      a served reply with its thought, and how a cut one goes on
"""
