"""Checks and measures the program on this machine's GPU, in one call of some minutes.

Runs from the folder that scripts/bundle.sh makes, or from a source tree with a build in it. Each run has a time limit of its own, and
what it found is in results.jsonl (one JSON object a run), table.txt and log.txt as soon as it ends: a call that is cut leaves what
was done. The exit code is 0 if no run failed; runs that are not possible here, or that there was no time for, do not count.
"""
import argparse
import glob
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))

# One program run: `read` turns its output into (details for the table, result for results.jsonl); `needs` is why it cannot run here,
# or None.
Run = namedtuple('Run', 'name command limit read needs', defaults=(None,))


class Settings:
    """Where everything is, and how large the runs are."""

    def __init__(self, args):
        self.device, self.small = args.device, args.small
        self.bundle = args.bundle or (HERE if os.path.isdir(os.path.join(HERE, 'bin')) else None)
        self.source = os.path.dirname(HERE)
        self.root = os.path.abspath(self.bundle or self.source)
        self.bin = os.path.join(self.root, 'bin') if self.bundle else os.path.abspath(os.path.join(args.build, 'bin'))
        self.peer = args.peer or os.path.join(self.root, 'peer')
        self.scratch = tempfile.mkdtemp(prefix='gpu_check')
        self.hparams = self.first('hparams/bair_action_free/ours_savp/model_hparams.json')
        self.env = dict(os.environ, PYTHONUNBUFFERED='1', TORCHINDUCTOR_CACHE_DIR=os.path.join(self.scratch, 'inductor'))
        if self.device == 'cpu':
            self.env['CUDA_VISIBLE_DEVICES'] = ''
        if self.small:  # threads that wait for each other cost more than they give
            self.env['OMP_NUM_THREADS'] = '1'
        self.tool_env = dict(self.env)
        if os.path.isdir(os.path.join(self.root, 'lib')):
            self.tool_env['LD_LIBRARY_PATH'] = ':'.join(self.libraries(args.torch))

    def libraries(self, torch):
        """The bundle's own first, then PyTorch's and those of NVIDIA's wheels, then the machine's."""
        torch = torch or torch_folder()
        folders = [os.path.join(self.root, 'lib')]
        if torch:
            folders += [os.path.join(torch, 'lib')] + sorted(glob.glob(os.path.join(torch, '../nvidia/*/lib')))
        folders += filter(None, os.environ.get('LD_LIBRARY_PATH', '').split(':'))
        return [os.path.abspath(f) for f in folders + [os.path.join(self.root, 'lib/fallback')]]

    def first(self, *names):
        """The first of these that is there, in the bundle and then in the source tree around this script."""
        for root in (self.root, self.source):
            for name in names:
                if os.path.exists(os.path.join(root, name)):
                    return os.path.join(root, name)
        return None

    def tool(self, name):
        return os.path.join(self.bin, name)


def torch_folder():
    found = importlib.util.find_spec('torch')
    return found.submodule_search_locations[0] if found else None


# --- What programs print

def json_lines(output):
    return [json.loads(line) for line in output.splitlines() if line.startswith('{')]


def read_speed(output):
    """A line of savp_bench or of the peer's bench.py."""
    line = json_lines(output)[-1]
    rate = line.get('per_second', line.get('frames_per_s'))
    return '%.1f ms, %.0f frames/s, peak %.0f MiB' % (1000 * line['median_s'], rate, line['peak_mib']), line


def read_operators(output):
    line = json_lines(output)[-1]
    most = sorted(line['by_name'].items(), key=lambda item: -item[1])[:6]
    return '%d: %s' % (line['operators'], ', '.join('%s %d' % item for item in most)), line


def read_golden(output):
    counts = re.search(r'(\d+) passed, (\d+) failed', output)
    failed = re.findall(r'^FAIL (.*)', output, re.M)
    return (counts.group() if counts else 'no count') + ''.join('; ' + f.split()[0] for f in failed[:3]), {
        'passed': int(counts[1]) if counts else 0, 'failed': failed}


def read_tests(output):
    def count(what):
        found = re.search(r'\[  %s ?\] (\d+) test' % what, output)
        return int(found[1]) if found else 0
    failed = re.findall(r'^\[  FAILED  \] (\S+\.\S+)', output, re.M)
    result = dict(passed=count('PASSED '), failed=sorted({f.rstrip(',') for f in failed}), skipped=count('SKIPPED'))
    return '%d passed, %d failed, %d skipped' % (result['passed'], len(result['failed']), result['skipped']), result


def read_sanitizer(output):
    found = re.findall(r'ERROR SUMMARY: (\d+) error', output)
    return (found[-1] if found else 'no count of') + ' errors', {'errors': int(found[-1]) if found else None}


def read_text(output):
    last = output.strip().splitlines()[-1:]
    return (last or [''])[0], None


# --- The parts, in their order

def versions(s):
    def machine(output):
        facts = dict(host(), **gpu(output))
        facts['torch'] = torch_version()
        built = s.first('bundle.json') if s.bundle else None
        if built:
            with open(built) as file:
                facts.update(json.load(file))
        return ', '.join('%s %s' % item for item in facts.items()), facts
    ask = ['nvidia-smi', '--query-gpu=name,driver_version,memory.free', '--format=csv,noheader']
    yield Run('machine', ask if s.device == 'cuda' and shutil.which(ask[0]) else ['true'], 30, machine)
    yield Run('program starts', [s.tool('savp_bench'), '--version'], 60, read_text)


def gpu(output):
    fields = [field.strip() for field in output.strip().split(',')]
    return dict(zip(('gpu', 'driver', 'free'), fields)) if len(fields) == 3 else {}


def host():
    with open('/proc/cpuinfo') as file:
        model = re.search(r'model name\s*: (.*)', file.read())
    with open('/proc/meminfo') as file:
        free = int(re.search(r'MemAvailable:\s*(\d+)', file.read())[1])
    return dict(cpu=model[1] if model else platform.machine(), cores=os.cpu_count(), memory='%.1f GiB free' % (free / 2**20),
                glibc=platform.libc_ver()[1])


def torch_version():
    try:
        return importlib.metadata.version('torch')
    except importlib.metadata.PackageNotFoundError:
        return 'none'


def golden(s):
    folders = [s.first(*[place + part for place in ('golden/', 'tests/golden/')]) for part in ('models', 'data/B_batches')]
    command = [s.tool('savp_golden')] + [f for f in folders if f]
    if s.small:
        command += ['--filter', 'schedules', 'savp_action_train', 'sna_train', 'kth*']
    needs = None if any(folders) else 'neither the bundle nor a source tree around this script has golden cases'
    if s.device != 'cpu' and '--device' not in help_of(s, 'savp_golden'):
        needs = 'savp_golden does not know --device'
    yield Run('recorded cases, fp32', command + (['--device', s.device] if s.device != 'cpu' else []), 90, read_golden, needs)


def help_of(s, tool):
    if not os.path.exists(s.tool(tool)):
        return ''
    return subprocess.run([s.tool(tool), '--help'], env=s.tool_env, capture_output=True, text=True, timeout=60).stdout


def tests(s):
    for name, some in ('kernels_test', 'LstmGates*'), ('training_test', 'Adam*'):
        yield Run(name, [s.tool(name)] + (['--gtest_filter=' + some] if s.small else []), 60, read_tests)


def bench(s, what, *flags, iterations, **more):
    sizes = ['--model_hparams_dict', s.hparams]
    if s.small:
        sizes += ['--size', '32', '--model_hparams', 'ngf=4,nef=4,ndf=2,nz=2']
        iterations = 1
    command = [s.tool('savp_bench'), '--what', what, '--device', s.device, '--iterations', str(iterations)]
    for name, value in more.items():
        command += ['--' + name, str(value)]
    return command + sizes + list(flags)


def train(s):
    batch = 2 if s.small else 16
    for precision, flags in ('fp32', []), ('tf32', []), ('bf16', []), ('tf32', ['--graph']), ('bf16', ['--graph']):
        command = bench(s, 'train', '--precision', precision, *flags, iterations=10, warmup=1 if s.small else 3,
                        batch_size=batch, global_step=75000)
        yield Run('ours, %s %s, batch %d' % ('graph' if flags else 'eager', precision, batch), command, 45, read_speed)


def peer_run(s, name, limit, **flags):
    script = os.path.join(s.peer, 'bench.py')
    command = [sys.executable, script, '--device', s.device, '--batch-rollouts', '1']
    for flag, value in dict(flags, **(dict(iters=1, warmup=1, ngf=4, size=32) if s.small else {})).items():
        command += ['--' + flag, str(value)]
    return Run('peer, ' + name, command, limit, read_speed, None if os.path.exists(script) else 'there is no peer: ' + script)


def peer_train(s, mode, limit):
    batch = 2 if s.small else 16
    for precision in ('fp32',) if s.device == 'cpu' else ('tf32', 'bf16'):
        yield peer_run(s, '%s %s, batch %d' % (mode, precision, batch), limit, task='train', batch=batch, precision=precision,
                       mode=mode, iters=10, step=75000)


def peer(s):
    for mode in ('eager',) if s.device == 'cpu' else ('eager', 'eager-graph'):
        yield from peer_train(s, mode, 45)


def compiled(s):
    if not s.small:
        yield from peer_train(s, 'compile-graph' if s.device == 'cuda' else 'compile', 110)


def generate(s):
    many = 2 if s.small else 128
    for batch, precision in ((1, 'fp32'), (many, 'fp32')) if s.device == 'cpu' else ((1, 'tf32'), (many, 'tf32'), (many, 'bf16')):
        yield Run('ours, %s, batch %d' % (precision, batch),
                  bench(s, 'generate', '--precision', precision, iterations=5, warmup=1, batch_size=batch), 30, read_speed)
        yield peer_run(s, '%s, batch %d' % (precision, batch), 40, task='gen', batch=batch, precision=precision, iters=5)


# A network small enough to learn something within these steps.
TOY = ('ngf=16,ndf=8,nef=32,nz=4,clip_length=4,batch_size=8,lr=0.001,beta1=0.9,decay_steps=[200,300],schedule_sampling_k=100,'
       'max_steps=300')
TOY_SMALL = 'ngf=4,ndf=2,nef=4,nz=2,clip_length=4,batch_size=2,max_steps=10'


def toy(s):
    data, steps, needs = os.path.join(s.root, 'toy') if s.bundle else made_toy_data(s), 10 if s.small else 300, None
    if not data or not os.path.isdir(data):
        needs = 'there are no toy data, and savp_preprocess could not make any'
    folder = os.path.join(s.scratch, 'run')

    def losses(output):
        with open(os.path.join(folder, 'metrics.jsonl')) as file:
            lines = [json.loads(line) for line in file]
        curve = [{key: line.get(key) for key in ('step', 'g_loss', 'd_loss', 'gen_l1_loss')} for line in lines]
        told = [line for line in curve if line['step'] % (steps // (2 if s.small else 3)) == 0]
        return ', '.join('g_loss %.3f l1 %.4f at %d' % (t['g_loss'], t['gen_l1_loss'], t['step']) for t in told), {'curve': curve}
    yield Run('%d steps' % steps, [
        s.tool('savp_train'), '--input_dir', str(data), '--output_dir', folder, '--seed', '0', '--progress_freq',
        str(max(1, steps // 30)), '--save_freq', '0', '--summary_freq', '0', '--image_summary_freq', '0', '--eval_summary_freq', '0',
        '--accum_eval_summary_freq', '0', '--dataset_hparams', 'sequence_length=8',
        '--model_hparams', TOY_SMALL if s.small else TOY], 75, losses, needs)


def made_toy_data(s):
    folder = os.path.join(s.scratch, 'toy')
    made = subprocess.run([s.tool('savp_preprocess'), 'toy', '--output_dir', folder, '--size', '32', '--length', '12', '--num_train',
                           '32', '--num_val', '4', '--num_test', '4'], env=s.tool_env, capture_output=True) \
        if os.path.exists(s.tool('savp_preprocess')) else None
    return folder if made and made.returncode == 0 else None


def operators(s):
    yield Run('of a training step', bench(s, 'ops', iterations=1, batch_size=2 if s.small else 16), 30, read_operators)


def sanitizer(s):
    program = shutil.which('compute-sanitizer') or shutil.which('compute-sanitizer', path='/usr/local/cuda/bin')
    needs = None if program and s.device == 'cuda' else 'there is no GPU to watch' if program else 'compute-sanitizer is not installed'
    yield Run('memcheck of kernels_test', [program or '', '--tool', 'memcheck', '--error-exitcode', '9', s.tool('kernels_test')], 60,
              read_sanitizer, needs)


PARTS = {'versions': versions, 'golden': golden, 'tests': tests, 'train': train, 'peer': peer, 'generate': generate, 'toy': toy,
         'ops': operators, 'sanitizer': sanitizer, 'compile': compiled}


# --- Running them

PASSED, FAILED, TIMED_OUT, CUT, LEFT_OUT, NOT_HERE = 'passed', 'FAILED', 'TIMED OUT', 'CUT', 'left out', 'not available'


# What a program says of flags that it does not know, or not on this device; that is no failure.
UNKNOWN = r'unknown flag --|must be one of|is for (--device cuda|GPUs)'
NOTHING_WATCHED = 'terminated before first instrumented API call'  # compute-sanitizer, of a program that used no GPU


class Check:
    def __init__(self, settings, out, seconds):
        self.settings, self.out, self.lines = settings, out, []
        self.start = time.monotonic()
        self.end = self.start + seconds
        os.makedirs(out, exist_ok=True)
        for name in ('results.jsonl', 'table.txt', 'log.txt'):
            open(self.path(name), 'w').close()

    def path(self, name):
        return os.path.join(self.out, name)

    def run(self, part, run):
        begin = time.monotonic()
        details, result = '', None
        if run.needs:
            status, details = NOT_HERE, run.needs
        elif not os.path.exists(run.command[0]) and not shutil.which(run.command[0]):
            status, details = NOT_HERE, run.command[0] + ' is not there'
        elif self.end - begin < 3:
            status, details = LEFT_OUT, 'the time was used up'
        else:
            status, details, result = self.started(part, run, min(run.limit, self.end - begin))
        self.add(dict(part=part, run=run.name, status=status, seconds=round(time.monotonic() - begin, 1), details=details,
                      result=result))

    def started(self, part, run, limit):
        """-> status, details, result."""
        try:
            code, output = self.call(part, run, limit)
        except (KeyboardInterrupt, SystemExit):
            self.add(dict(part=part, run=run.name, status=CUT, seconds=None, details='', result=None))
            raise
        last = (output.strip().splitlines() or ['it printed nothing'])[-1]
        if code is None:
            return TIMED_OUT, 'after %.0f s; %s' % (limit, last), None
        if code == 2 and re.search(UNKNOWN, last) or re.search(NOTHING_WATCHED, output):
            return NOT_HERE, last, None
        try:
            details, result = run.read(output)
        except Exception as error:  # what it prints is not what this script knows, or it failed before it could print that
            details, result = last if code else 'its output cannot be read (%r): %s' % (error, last), None
            code = code or 1
        return (PASSED, details, result) if code == 0 else (FAILED, 'exit code %d; %s' % (code, details), result)

    def call(self, part, run, limit):
        """-> exit code (None: out of time), output, which is in log.txt as well."""
        with open(self.path('log.txt'), 'a+b') as log:
            log.write(('\n== %s: %s\n$ %s\n' % (part, run.name, ' '.join(run.command))).encode())
            log.flush()
            begin = log.tell()
            own = any(word.startswith(self.settings.bin) for word in run.command)
            child = subprocess.Popen(run.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                     start_new_session=True, cwd=self.settings.scratch,
                                     env=self.settings.tool_env if own else self.settings.env)
            try:
                code = child.wait(timeout=limit)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                end_group(child)
            log.seek(begin)
            return code, log.read().decode(errors='replace')

    def add(self, line):
        self.lines.append(line)
        with open(self.path('results.jsonl'), 'a') as file:
            file.write(json.dumps(line) + '\n')
        with open(self.path('table.txt'), 'w') as file:
            file.write(self.table())
        print('[%5.1f s] %s' % (time.monotonic() - self.start, row(line)), flush=True)

    def count(self, *statuses):
        return sum(line['status'] in statuses for line in self.lines)

    def table(self):
        head = '%-10s %-34s %-13s %8s  %s\n' % ('part', 'run', 'result', 'seconds', 'found')
        return head + ''.join(row(line) + '\n' for line in self.lines) + '%d passed, %d failed, %d not possible here, %d left out\n' % (
            self.count(PASSED), self.count(FAILED, TIMED_OUT, CUT), self.count(NOT_HERE), self.count(LEFT_OUT))


def row(line):
    seconds = '' if line['seconds'] is None else '%.1f' % line['seconds']
    return '%-10s %-34s %-13s %8s  %s' % (line['part'], line['run'], line['status'], seconds, line['details'][:400])


def end_group(child):
    """Ends a program and whatever it has started."""
    for kind in signal.SIGTERM, signal.SIGKILL:
        try:
            os.killpg(child.pid, kind)
        except ProcessLookupError:
            break
        if kind == signal.SIGTERM and child.poll() is None:
            try:
                child.wait(timeout=2)
            except subprocess.TimeoutExpired:
                pass
    child.wait()


def arguments():
    parser = argparse.ArgumentParser(prog='gpu_check.sh', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add('--bundle', metavar='DIR', help='folder made by bundle.sh (default: that of this script, if it is in one)')
    add('--build', metavar='DIR', default=os.path.join(os.path.dirname(HERE), 'build'),
        help='build tree whose programs are run where there is no bundle (default: build/ of the source tree)')
    add('--device', choices=('cuda', 'cpu'), default='cuda', help='default: cuda')
    add('--small', action='store_true', help='tiny sizes and a few cases, to see that everything runs')
    add('--out', metavar='DIR', default=os.environ.get('OUT') or 'gpu_check_results', help='default: $OUT, else gpu_check_results')
    add('--parts', metavar='A,B', default=','.join(PARTS), help='which of ' + ', '.join(PARTS) + ' (default: all)')
    add('--seconds', type=float, default=390, help='for all of it (default: 390); what is left then is left out')
    add('--peer', metavar='DIR', help='folder of the PyTorch program to compare with (default: peer/ of the bundle)')
    add('--torch', metavar='DIR', help='folder of PyTorch (default: that of this Python)')
    args = parser.parse_args()
    args.parts = args.parts.split(',')
    unknown = [part for part in args.parts if part not in PARTS]
    if unknown:
        parser.error('--parts: %s is not known: %s' % (unknown[0], ', '.join(PARTS)))
    return args


def stop(number, frame):
    sys.exit(128 + number)


def main():
    args = arguments()
    signal.signal(signal.SIGTERM, stop)
    settings = Settings(args)
    check = Check(settings, os.path.abspath(args.out), args.seconds)
    try:
        for part, runs in PARTS.items():
            if part in args.parts:
                for run in runs(settings):
                    check.run(part, run)
    finally:
        shutil.rmtree(settings.scratch, ignore_errors=True)
        print('\n' + check.table(), flush=True)
    return 1 if check.count(FAILED, TIMED_OUT, CUT) else 0


if __name__ == '__main__':
    sys.exit(main())
