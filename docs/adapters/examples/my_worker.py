from moving_disc import draw
from vbench_lite_worker import serve


def generate(request, context):
    for frame in draw(request.prompt, request.num_frames, request.height, request.width, request.seed):
        context.emit(frame)


if __name__ == "__main__":
    serve(generate)
