// Any packet to the hand-over socket, from root and from a stranger: there is one answer, a
// stranger never gets a descriptor, and nothing is left behind.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "proto/socketd/v1/handoff.pb.h"
#include "server/base/check.h"
#include "server/handoff/handoff_server.h"
#include "tests/sim/fake_kernel.h"

namespace socketd {
namespace {

constexpr char kPath[] = "/run/handoff";

class OnePort final : public PortLender {
 public:
  std::optional<uint32_t> PortUser(const std::string& /*unit*/) const override { return 1000; }
  absl::StatusOr<LentPorts> LendPorts(const std::string& unit) override {
    if (unit != "a.socket") return absl::NotFoundError(unit);
    return LentPorts{{&port.fd}, {"a"}};
  }
  Port port;
};

void Ask(uint32_t uid, const std::string& text) {
  sim::FakeKernel kernel;
  EventLoop loop(kernel);
  OnePort lender;
  ListenSpec spec;
  spec.address = Ipv4Address{{127, 0, 0, 1}, 80};
  lender.port = *kernel.Listen(spec);
  auto server = std::make_unique<HandoffServer>(loop, lender, 900);
  CHECK(server->Open(kPath).ok());
  const sim::Client client = *kernel.ports().Connect(kPath, Peer{.pid = 7, .uid = uid});
  sim::FakePorts::Say(client, text);
  loop.Turn(Instant::Start());
  loop.Turn(Instant::Start());
  CHECK(client->answers.size() <= 1);
  for (const sim::FakePacket& answer : client->answers) {
    v1::HandoffReply reply;
    CHECK(reply.ParseFromString(answer.data));
    CHECK(reply.error_reason().empty() == !answer.files.empty());
    CHECK(uid != 4242 || answer.files.empty());
  }
  client->answers.clear();
  server.reset();
  lender.port = Port();
  CHECK(kernel.problems().empty() && kernel.Leaks().empty());
}

}  // namespace
}  // namespace socketd

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  socketd::Ask(0, text);
  socketd::Ask(4242, text);
  return 0;
}
