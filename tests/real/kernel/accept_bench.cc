// The least daemon over LinuxKernel: what the kernel floor itself costs, beside shared/bench's
// floor-pool. Not a test: it runs until SIGTERM.
//
//   accept_bench accept|activate PORT|PATH PROGRAM [ARGUMENT...]
//
// accept: one process a connection, the connection as its standard input and output. activate: the
// listener is handed over as descriptor 3 at the first traffic and watched again when it is gone.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"

#include "server/kernel/linux_kernel.h"

namespace socketd {
namespace {

constexpr Token kPort = static_cast<Token>(1);
constexpr int kBatch = 16;

struct Run {
  Group group;
  Child child;
};

struct Bench {
  std::unique_ptr<LinuxKernel> kernel;
  Port port;
  ListenSpec listen;
  SpawnSpec spec;
  bool accepting = true;
  uint64_t next = 2;
  std::unordered_map<uint64_t, Run> runs;

  void Start(const Fd* connection) {
    Run run;
    const auto token = static_cast<Token>(next);
    auto group = kernel->NewGroup("bench@.service", Token::kNone);
    if (!group.ok()) return;
    run.group = std::move(*group);
    spec.token = token;
    spec.group = &run.group;
    spec.stdio = connection;
    spec.fds.clear();
    if (connection == nullptr) spec.fds.push_back(&port.fd);
    auto child = kernel->Spawn(spec);
    if (!child.ok()) {
      std::fprintf(stderr, "%s\n", child.status().ToString().c_str());
      return;
    }
    run.child = std::move(*child);
    runs.emplace(next++, std::move(run));
  }

  void OnTraffic() {
    if (!accepting) {
      Start(nullptr);
      return;
    }
    for (int i = 0; i < kBatch; ++i) {
      auto connection = kernel->Accept(port.fd, AcceptFor::kUnit);
      if (!connection.ok()) return;
      Start(&connection->fd);
    }
  }

  void OnExit(Token token) {
    auto run = runs.find(static_cast<uint64_t>(token));
    if (run == runs.end()) return;
    kernel->ExitOf(run->second.child);
    runs.erase(run);
    if (accepting) return;
    (void)kernel->Restore(port, listen);
    (void)kernel->Arm(port.fd, kPort, Arming::kOnce);
  }

  int Loop() {
    for (;;) {
      for (const Event& event : kernel->Poll(Instant::Never())) {
        if (event.kind == Event::Kind::kIo) OnTraffic();
        if (event.kind == Event::Kind::kExited || event.kind == Event::Kind::kSpawnFailed)
          OnExit(event.token);
        if (event.kind == Event::Kind::kSignal) return 0;
      }
    }
  }
};

int Main(const std::vector<std::string>& words) {
  Bench bench;
  auto kernel = LinuxKernel::Open({});
  if (!kernel.ok()) return 1;
  bench.kernel = std::move(*kernel);
  bench.accepting = words[1] == "accept";
  Ipv4Address address;
  address.octets = {127, 0, 0, 1};
  uint32_t number = 0;
  if (absl::SimpleAtoi(words[2], &number)) {
    address.port = static_cast<uint16_t>(number);
    bench.listen.address = address;
  } else {
    bench.listen.address = PathAddress{words[2]};
  }
  auto port = bench.kernel->Listen(bench.listen);
  if (!port.ok()) {
    std::fprintf(stderr, "%s\n", port.status().ToString().c_str());
    return 1;
  }
  bench.port = std::move(*port);
  auto context = std::make_shared<ExecContext>();
  if (bench.accepting) {
    context->standard_input.kind = Stdio::Kind::kSocket;
    context->standard_output.kind = Stdio::Kind::kSocket;
  }
  bench.spec.context = context;
  bench.spec.own_session = std::getenv("NO_SESSION") == nullptr;
  bench.spec.program = words[3];
  bench.spec.argv.assign(words.begin() + 3, words.end());
  bench.spec.environment = {"PATH=/usr/bin:/bin"};
  if (!bench.accepting) {
    bench.spec.environment.emplace_back("LISTEN_FDS=1");
  }
  (void)bench.kernel->Arm(bench.port.fd, kPort, bench.accepting ? Arming::kLevel : Arming::kOnce);
  std::printf("{\"ready\":true}\n");
  std::fflush(stdout);
  return bench.Loop();
}

}  // namespace
}  // namespace socketd

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  return socketd::Main(std::vector<std::string>(argv, argv + argc));
}
