// The promise, kept by the fake kernel.

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_join.h"

#include "server/base/check.h"
#include "tests/sim/fake_kernel.h"
#include "tests/sim/kernel_contract.h"

namespace socketd::sim {
namespace {

class FakeWorld final : public KernelWorld {
 public:
  FakeWorld() {
    const std::vector<std::pair<Program, std::string>> scripts = {
        {Program::kExitsZero, "exits 0 after 10ms"},
        {Program::kExitsSeven, "exits 7"},
        {Program::kHangs, "hangs"},
        {Program::kIgnoresTerm, "ignores sigterm, hangs"},
        {Program::kLeavesADetached, "forks detached /bin/left"},
        {Program::kSaysReady, "says ready, hangs"},
        {Program::kWritesHello, "logs hello"},
        {Program::kAcceptsOne, "accepts 1 connections, hangs"},
    };
    for (const auto& [program, text] : scripts) {
      CHECK(kernel_.processes().SetScript(Command(program).front(), text).ok());
    }
    CHECK(kernel_.processes().SetScript("/bin/left", "hangs").ok());
    kernel_.files().PutDirectory(Folder());
  }

  Kernel& kernel() override { return kernel_; }
  std::vector<std::string> Command(Program program) override {
    return {"/bin/program-" + std::to_string(static_cast<int>(program))};
  }
  std::string Folder() override { return "/tmp/contract"; }
  bool Connect(const SocketAddress& address) override {
    return kernel_.ports().Connect(ToText(address)).ok();
  }
  void LeaveAll() override {
    end_ = nullptr;
    for (const Client& client : kernel_.ports().clients())
      FakePorts::HangUp(client);
  }
  bool SendDatagram(const std::string& path, const std::string& text) override {
    Peer peer;
    peer.pid = 4711;
    return kernel_.ports().SendTo(path, text, peer).ok();
  }
  bool SendDescriptors(const std::string& path) override {
    auto memory = std::make_shared<FakeFile>();
    memory->kind = FakeFile::Kind::kMemory;
    auto pipe = std::make_shared<FakeFile>();
    pipe->kind = FakeFile::Kind::kPipeRead;
    end_ = std::make_shared<FakeFile>();
    end_->kind = FakeFile::Kind::kPipeWrite;
    end_->other_end = pipe;
    pipe->other_end = end_;
    return kernel_.ports().SendTo(path, "here", {}, {memory, pipe}).ok();
  }
  std::string MakeDevice() override {
    kernel_.files().PutNode("/dev/thing", FakeFiles::NodeKind::kDevice, 0600);
    return "/dev/thing";
  }
  bool Deliver(const ListenSpec& spec, const std::string& text) override {
    return kernel_.ports().SendTo(ToText(spec.address), text).ok();
  }
  void Raise(int number) override { kernel_.Raise(number); }
  void WakeFromAfar() override {
    std::thread([this] { kernel_.Wake(); }).join();
  }
  std::string Complaints() override {
    std::vector<std::string> complaints = kernel_.problems();
    for (std::string& leak : kernel_.Leaks())
      complaints.push_back("leaked: " + leak);
    return absl::StrJoin(complaints, "; ");
  }

 private:
  FakeKernel kernel_;
  std::shared_ptr<FakeFile> end_;
};

std::unique_ptr<KernelWorld> MakeFakeWorld() {
  return std::make_unique<FakeWorld>();
}

INSTANTIATE_TEST_SUITE_P(Fake, KernelContract, ::testing::Values(&MakeFakeWorld));

}  // namespace
}  // namespace socketd::sim
