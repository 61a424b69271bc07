"""What computes: one package per research method, and the ground they stand on. Never imports gradio."""
