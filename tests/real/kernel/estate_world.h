// The fixture of tests of what one LinuxKernel leaves behind and the next one finds. Both live in
// this process: the first is given up as it is, as SIGKILL would leave it, but that its children
// stay children of ours.
#pragma once

#include <dirent.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/keeper/life.h"
#include "server/kernel/linux_probe.h"
#include "tests/real/kernel/world.h"
#include "tests/testing/matchers.h"

namespace socketd {

inline void FindOpen(Numbers& numbers) {
  DIR* folder = opendir("/proc/self/fd");
  for (const dirent* entry = readdir(folder); entry != nullptr; entry = readdir(folder)) {
    int number = 0;
    if (absl::SimpleAtoi(entry->d_name, &number) && number != dirfd(folder)) numbers.Add(number);
  }
  closedir(folder);
}

class EstateTest : public World {
 protected:
  EstateTest() : machine_(Probe(MakeHome(Home::kNew))) {
    machine_.home_is_ours = false;
    life_.page = new SharedPage();  // zeroed, as mmap does it
    life_.memory = memfd_create("memory", MFD_CLOEXEC);
    life_.bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    before_ = new Numbers;
    left_ = new Numbers;
    life_.left = left_;
    FindOpen(*before_);
    Live();
  }
  ~EstateTest() override {
    kernel_.reset();
    LeaveHome(machine_.home);
    close(life_.memory);
    close(life_.bell);
    delete life_.page;
    delete before_;
    delete left_;
  }

  LinuxKernel& daemon() { return *kernel_; }
  const Life& life() const { return life_; }

  // The daemon is gone, and the next one is there.
  void Die() {
    static auto& dead = *new std::vector<LinuxKernel*>;
    dead.push_back(kernel_.release());
    left_->Clear();
    FindOpen(*left_);
    before_->ForEach([this](int number) { left_->Remove(number); });
    ++life_.number;
    Live();
  }

  // A descriptor of the test's own, which no daemon has left.
  int Ours(int number) {
    before_->Add(number);
    return number;
  }
  // A handle as memory would have it: what it owned is not given up with it.
  template <typename T>
  static void Abandon(T handle) {
    static auto& kept = *new std::vector<std::unique_ptr<T>>;
    kept.push_back(std::make_unique<T>(std::move(handle)));
  }

  static ListenSpec Tcp(uint16_t port = 0) {
    ListenSpec spec;
    spec.address = Ipv4Address{{127, 0, 0, 1}, port};
    return spec;
  }
  static ListenSpec TcpOf(const Port& port) { return Tcp(std::get<Ipv4Address>(port.bound).port); }
  ListenSpec AtPath(absl::string_view name, ListenType type = ListenType::kStream) const {
    ListenSpec spec;
    spec.type = type;
    spec.address = PathAddress{Path(name)};
    return spec;
  }
  Port Listen(const ListenSpec& spec) {
    absl::StatusOr<Port> port = daemon().Listen(spec);
    EXPECT_THAT(port, testing::IsOk());
    return port.ok() ? *std::move(port) : Port();
  }
  // What the one before had open for this, and what it is called.
  FileId ListenAndAbandon(const ListenSpec& spec) {
    Port port = Listen(spec);
    const FileId id = daemon().IdOf(port.fd);
    Abandon(std::move(port.fd));
    return id;
  }
  FileId IdOfListening(const ListenSpec& spec) { return daemon().IdOf(Listen(spec).fd); }

  Child Start(const Group& group, absl::string_view line) {
    absl::StatusOr<Child> child = daemon().Spawn(Shell(group, line));
    EXPECT_THAT(child, testing::IsOk());
    return *std::move(child);
  }
  Group Make() {
    absl::StatusOr<Group> group = daemon().NewGroup("test.service", kGroupToken);
    EXPECT_THAT(group, testing::IsOk());
    return *std::move(group);
  }
  bool Comes(Event::Kind kind) {
    const Instant deadline = daemon().Now() + absl::Seconds(10);
    while (daemon().Now() < deadline) {
      for (const Event& event : daemon().Poll(deadline))
        if (event.kind == kind) return true;
    }
    return false;
  }

 private:
  void Live() {
    LinuxOptions options;
    options.executor = "server/exec/socketd-exec";
    options.life = life_;
    options.machine = &machine_;
    auto kernel = LinuxKernel::Open(options);
    EXPECT_THAT(kernel, testing::IsOk());
    kernel_ = *std::move(kernel);
  }

  Machine machine_;
  Life life_;
  Numbers* before_ = nullptr;
  Numbers* left_ = nullptr;
  std::unique_ptr<LinuxKernel> kernel_;
};

}  // namespace socketd
