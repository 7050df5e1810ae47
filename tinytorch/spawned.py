"""What a process that multiprocessing spawned runs as its main module: there too torch is tinytorch, and then comes the program."""

if __name__ == "__mp_main__":
    from tinytorch.program import become_program

    become_program(globals())
