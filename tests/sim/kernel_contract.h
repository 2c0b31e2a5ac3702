// The promise of server/kernel/kernel.h as a test suite that runs on every kernel. Each kernel
// brings a KernelWorld: how to make a program that does something, how to be a client. On the real
// kernel programs are real and time passes; on the fake one both are scripts. Use:
//
//   INSTANTIATE_TEST_SUITE_P(Fake, KernelContract, ::testing::Values(&MakeFakeWorld));
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "server/kernel/kernel.h"

namespace socketd::sim {

class KernelWorld {
 public:
  // What a program of the contract does. Each is a few lines of shell on a real kernel.
  enum class Program {
    kExitsZero,
    kExitsSeven,
    kHangs,            // dies by SIGTERM
    kIgnoresTerm,      // hangs, and ignores SIGTERM
    kLeavesADetached,  // starts a process of another session that hangs, then exits with 0
    kSaysReady,        // sends "READY=1" to NOTIFY_SOCKET, then hangs
    kWritesHello,      // "hello\n" to standard output, then exits with 0
    kAcceptsOne,       // takes one connection off descriptor 3, then hangs
  };

  virtual ~KernelWorld() = default;
  virtual Kernel& kernel() = 0;

  // The program and its arguments (argv[0] included).
  virtual std::vector<std::string> Command(Program program) = 0;
  // A folder of this test's own; absolute, short enough for a socket's path.
  virtual std::string Folder() = 0;

  // A client connects and stays. False: refused.
  virtual bool Connect(const SocketAddress& address) = 0;
  // All clients leave.
  virtual void LeaveAll() = 0;
  // A datagram to a path. False: nobody is there.
  virtual bool SendDatagram(const std::string& path, const std::string& text) = 0;
  // A datagram that brings a file in memory, and the end of a pipe to read from, whose other end
  // stays here until LeaveAll. False: nobody is there.
  virtual bool SendDescriptors(const std::string& path) = 0;
  // Makes a character device that can be waited for, and gives its path.
  virtual std::string MakeDevice() = 0;
  // Makes something come to a FIFO, device, netlink group or message queue.
  virtual bool Deliver(const ListenSpec& spec, const std::string& text) = 0;
  // The daemon gets a signal.
  virtual void Raise(int number) = 0;
  // A Wake from a thread other than the kernel's.
  virtual void WakeFromAfar() = 0;
  // Why the descriptors, children and groups at the end are not in order; empty: they are.
  virtual std::string Complaints() { return ""; }
};

using MakeKernelWorld = std::unique_ptr<KernelWorld> (*)();

class KernelContract : public ::testing::TestWithParam<MakeKernelWorld> {
 protected:
  KernelContract() : world_(GetParam()()) {}
  ~KernelContract() override { EXPECT_EQ(world_->Complaints(), ""); }

  Kernel& kernel() { return world_->kernel(); }
  KernelWorld& world() { return *world_; }

  // Polls until an event of this kind for this token has come, at most for `patience`. Everything
  // that came is appended to seen().
  bool Await(Event::Kind kind, Token token, absl::Duration patience = absl::Seconds(10));
  // Polls for `span` and keeps what comes.
  void Watch(absl::Duration span);
  const std::vector<Event>& seen() const { return seen_; }
  // Where in seen() the first such event is; -1: nowhere.
  int Place(Event::Kind kind, Token token) const;

  // A spec for `program` in `group` with events to `token`.
  SpawnSpec SpecOf(KernelWorld::Program program, const Group& group, Token token);
  ListenSpec TcpSpec() const;
  ListenSpec PathSpec(ListenType type, const std::string& name);
  // What comes to such a port is told, stays until somebody takes it, and can be flushed.
  void ExpectTraffic(const ListenSpec& spec);

 private:
  std::unique_ptr<KernelWorld> world_;
  std::vector<Event> seen_;
};

}  // namespace socketd::sim
