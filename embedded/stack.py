"""Starts and stops the whole stack: emulator, sandbox, deployment, tokens."""

from embedded import access, home
from embedded.access import OPERATOR, PROBE_KEY, VIEWER
from embedded.deployment import Deployment, Stack
from embedded.emulator import Emulator
from embedded.errors import EmbeddedError
from embedded.host import Sandbox
from embedded.settings import Settings
from embedded.terminal import step


class Embedded:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.emulator = Emulator(settings)
        self.sandbox = Sandbox(settings)
        self.deployment = Deployment(settings, self.emulator)

    @home.private_umask()
    def up(self) -> Stack:
        self._refuse_second()
        home.prepare(self.settings)
        try:
            return self._start()
        except BaseException:  # also when interrupted: no half-started stack stays
            self.down()
            raise

    def down(self) -> bool:
        """Stop what runs; MiniStack writes its state while stopping. False when nothing ran."""
        return any([self.emulator.stop(), self.sandbox.program.stop()])

    def running(self) -> Stack | None:
        if self.emulator.program.pid() is None or not self.emulator.healthy():
            return None
        return self.deployment.current()

    def ended_programs(self) -> list[str]:
        programs = [self.emulator.program] if self.settings.real_host else [self.emulator.program, self.sandbox.program]
        return [f"{one.name} (log: {one.log})" for one in programs if one.pid() is None]

    @home.private_umask()
    def redeploy(self) -> Stack:
        """Deploy changes into a running stack, and store its tokens and keys again."""
        if self.emulator.program.pid() is None:
            raise EmbeddedError("the stack is down: make up starts and deploys it")
        stack = self._deploy()
        self._give_access(stack)
        return stack

    def _deploy(self) -> Stack:
        if not self.deployment.up_to_date():
            step("Deploying template.yaml (sam build, sam deploy)")
            self.deployment.deploy()
        stack = self.deployment.current()
        if stack is None:
            raise EmbeddedError(f"the stack was not deployed; the reason is in {self.settings.logs / 'sam.log'}")
        return stack

    def _refuse_second(self) -> None:
        pid = self.emulator.program.pid()
        if pid is not None:
            where = self.settings.saved().get("BATCH_IMPORT_URL", self.settings.endpoint)
            raise EmbeddedError(f"the embedded stack is already up at {where} (process {pid}); make down stops it")
        if self.sandbox.program.pid() is not None:
            self.sandbox.program.stop()  # left by a killed emulator; it holds a port

    def _start(self) -> Stack:
        step(f"Starting MiniStack on {self.settings.endpoint}")
        self.emulator.start()
        if self.settings.real_host is None:
            step(f"Starting the sandbox: host {self.sandbox.url}, relays on port {self.settings.relay_port}")
            self.sandbox.start()
        self.emulator.await_ready()
        stack = self._deploy()
        self._give_access(stack)
        self.emulator.await_page(f"{stack.url}/batch-import")
        self.deployment.queue_unfinished()
        return stack

    def _give_access(self, stack: Stack) -> None:
        real = self.settings.real_host
        tokens = {
            "operator": access.kept_or_new(self.settings, OPERATOR, "operator-"),
            "viewer": access.kept_or_new(self.settings, VIEWER, "viewer-"),
        }
        host = real or self.sandbox.credentials
        probe_key = self.settings.given(PROBE_KEY) if real else self._seeded_probe_key()
        access.put_secrets(self.emulator, stack, host, tokens)
        values = {
            "BATCH_IMPORT_URL": stack.url,
            OPERATOR: tokens["operator"],
            VIEWER: tokens["viewer"],
            PROBE_KEY: probe_key,
            "HOST_URL": host[0],
            **self.settings.credentials,
        }
        home.write_env_file(self.settings, values)

    def _seeded_probe_key(self) -> str:
        self.sandbox.await_ready()
        key = access.kept_or_new(self.settings, PROBE_KEY, "sk-probe-")
        self.sandbox.seed(key)
        return key
