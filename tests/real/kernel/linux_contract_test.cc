// The promise, kept by the real kernel: programs are lines of shell and perl (both are in every
// Debian), clients are sockets of this process.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

#include "server/kernel/linux_abi.h"
#include "tests/real/kernel/client.h"
#include "tests/real/kernel/world.h"
#include "tests/sim/kernel_contract.h"

namespace socketd::sim {
namespace {

class LinuxWorld final : public KernelWorld {
 public:
  LinuxWorld() {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    auto kernel = LinuxKernel::Open({.executor = "server/exec/socketd-exec"});
    EXPECT_TRUE(kernel.ok()) << kernel.status();
    kernel_ = std::move(*kernel);
  }
  ~LinuxWorld() override {
    kernel_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  Kernel& kernel() override { return *kernel_; }
  std::vector<std::string> Command(Program program) override;
  std::string Folder() override { return folder_; }
  bool Connect(const SocketAddress& address) override {
    clients_.emplace_back();
    return clients_.back().Connect(address);
  }
  void LeaveAll() override {
    clients_.clear();
    end_.reset();
  }
  bool SendDatagram(const std::string& path, const std::string& text) override {
    return Client().SendTo(path, text);
  }
  bool SendDescriptors(const std::string& path) override {
    const UniqueFd memory(memfd_create("memory", MFD_CLOEXEC));
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    const UniqueFd read(ends[0]);
    end_.reset(ends[1]);
    return Client().SendTo(path, "here", {memory.get(), read.get()});
  }
  std::string MakeDevice() override {
    terminal_ = Terminal();
    return terminal_.path();
  }
  bool Deliver(const ListenSpec& spec, const std::string& text) override {
    return spec.type == ListenType::kSpecial ? terminal_.Write(text) : Client().Deliver(spec, text);
  }
  void Raise(int number) override { kill(getpid(), number); }
  void WakeFromAfar() override {
    std::thread([this] { kernel_->Wake(); }).join();
  }

 private:
  std::string folder_ = "/tmp/sdXXXXXX";
  std::unique_ptr<LinuxKernel> kernel_;
  std::vector<Client> clients_;
  Terminal terminal_;
  UniqueFd end_;
};

std::vector<std::string> LinuxWorld::Command(Program program) {
  const auto shell = [](const char* line) {
    return std::vector<std::string>{"/bin/sh", "-c", line};
  };
  const auto perl = [](const char* line) {
    return std::vector<std::string>{"/usr/bin/perl", "-MSocket", "-e", line};
  };
  switch (program) {
    case Program::kExitsZero:
      return shell("exit 0");
    case Program::kExitsSeven:
      return shell("exit 7");
    case Program::kHangs:
      return shell("exec sleep 1000");
    case Program::kIgnoresTerm:
      return shell("trap '' TERM; exec sleep 1000");
    case Program::kLeavesADetached:
      return shell("setsid sleep 1000 & exit 0");
    case Program::kSaysReady:
      return perl(
          "socket(S, AF_UNIX, SOCK_DGRAM, 0);"
          "send(S, 'READY=1', 0, pack_sockaddr_un($ENV{NOTIFY_SOCKET})); sleep 1000");
    case Program::kWritesHello:
      return shell("echo hello");
    case Program::kAcceptsOne:
      return perl("open(S, '+<&=', 3); accept(C, S); sleep 1000");
  }
  return {};
}

std::unique_ptr<KernelWorld> MakeLinuxWorld() {
  return std::make_unique<LinuxWorld>();
}

INSTANTIATE_TEST_SUITE_P(Linux, KernelContract, ::testing::Values(&MakeLinuxWorld));

}  // namespace
}  // namespace socketd::sim
