// Services outlive their daemon: the next one finds them, and how they end, with a real kernel
// floor under a real keeper; also where a pidfd does not tell how its process ended.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/kernel/linux_kernel.h"
#include "tests/real/keeper/kept.h"
#include "tests/real/testing/older_kernel.h"

namespace socketd::real {
namespace {

constexpr Token kChildToken = static_cast<Token>(1);
constexpr Token kGroupToken = static_cast<Token>(2);

// What the engine would remember.
struct Note {
  GroupId group;
  ProcessId process;
};

// Found by the keeper, before the first daemon.
Machine& FoundMachine() {
  static auto& machine = *new Machine(Probe(MakeHome(Home::kNew)));
  return machine;
}

void FindMachine() {
  FoundMachine().home_is_ours = false;
}

void FindOlderMachine() {
  if (!ForgetPidfdInfo()) _exit(92);
  FindMachine();
}

class Service {
 public:
  explicit Service(const Life& life) {
    LinuxOptions options;
    options.executor = "server/exec/socketd-exec";
    options.life = life;
    options.machine = &FoundMachine();
    auto opened = LinuxKernel::Open(options);
    if (!opened.ok()) _exit(96);
    kernel_ = *std::move(opened);
    note_ = reinterpret_cast<Note*>(kernel_->Memory(sizeof(Note)).data());
  }

  // Runs a shell line in a group of its own, and remembers both.
  void Start(const std::string& line) {
    group_ = kernel_->NewGroup("some.service", kGroupToken).value();
    SpawnSpec spec;
    spec.token = kChildToken;
    spec.group = &group_;
    spec.context = std::make_shared<ExecContext>();
    spec.program = "/bin/sh";
    spec.argv = {"sh", "-c", line};
    child_ = kernel_->Spawn(spec).value();
    note_->group = group_.id();
    note_->process = kernel_->IdOf(child_);
    Await(Event::Kind::kExeced);
  }
  // What the daemon before has started.
  bool Find() {
    auto group = kernel_->AdoptGroup(note_->group, kGroupToken);
    if (!group.ok()) return false;
    group_ = *std::move(group);
    auto child = kernel_->Readopt(note_->process, group_, kChildToken);
    if (!child.ok()) return false;
    child_ = *std::move(child);
    kernel_->EndTakeOver();
    return true;
  }
  void Await(Event::Kind kind) {
    for (;;) {
      for (const Event& event : kernel_->Poll(Instant::Never()))
        if (event.kind == kind) return;
    }
  }
  void Terminate() { kernel_->Signal(child_, SIGTERM, Whom::kProcess).IgnoreError(); }
  std::string HowItEnded() {
    Await(Event::Kind::kExited);
    const Exit exit = kernel_->ExitOf(child_);
    return absl::StrCat(static_cast<int>(exit.how), " ", exit.status, " ",
                        kernel_->Populated(group_) ? "populated" : "empty");
  }
  int pid() const { return child_.pid(); }

 private:
  std::unique_ptr<LinuxKernel> kernel_;
  Note* note_ = nullptr;
  Group group_;
  Child child_;
};

class ReadoptTest : public ::testing::TestWithParam<void (*)()> {};

TEST_P(ReadoptTest, AServiceThatLivesOnIsFoundAndItsEndIsKnown) {
  Kept kept(
      [](const Life& life) {
        Service service(life);
        if (life.number == 1) {
          service.Start("exec sleep 1000");
          SayReady(life);
          Kept::Die(SIGKILL);
        }
        if (!service.Find()) return 95;
        Kept::Say(absl::StrCat(service.pid()));
        Kept::Say(service.HowItEnded());
        return EXIT_SUCCESS;
      },
      GetParam());
  const int pid = std::atoi(kept.Hear().c_str());
  ASSERT_GT(pid, 1);
  kill(pid, SIGTERM);
  EXPECT_EQ(kept.Hear(), "1 15 empty");
  EXPECT_EQ(kept.Wait(), 0);
}

TEST_P(ReadoptTest, AFullTableIsNoEndOfIt) {
  Kept kept(
      [](const Life& life) {
        const Service service(life);
        if (life.number > 1) {
          Kept::Say("there");
          return EXIT_SUCCESS;
        }
        for (int ends[2]; pipe2(ends, O_CLOEXEC) == 0;)
          continue;
        while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
          continue;
        SayReady(life);
        Kept::Die(SIGKILL);
      },
      GetParam());
  EXPECT_EQ(kept.Hear(), "there");
  EXPECT_EQ(kept.Wait(), 0);
}

TEST_P(ReadoptTest, TheEndOfAServiceThatEndedMeanwhileIsKnown) {
  std::string folder = "/tmp/sdXXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string go = folder + "/go";
  ASSERT_EQ(mkfifo(go.c_str(), 0600), 0);
  Kept kept(
      [&go](const Life& life) {
        Service service(life);
        if (life.number == 1) {
          service.Start(absl::StrCat("read line <", go, "; kill -9 $PPID; exit 9"));
          SayReady(life);
          const int fifo = open(go.c_str(), O_RDWR | O_CLOEXEC);
          if (write(fifo, "x\n", 2) != 2) return 94;
          service.Await(Event::Kind::kExited);
          return 93;
        }
        if (!service.Find()) return 95;
        Kept::Say(service.HowItEnded());
        return EXIT_SUCCESS;
      },
      GetParam());
  EXPECT_EQ(kept.Hear(), "0 9 empty");
  EXPECT_EQ(kept.Wait(), 0);
  unlink(go.c_str());
  rmdir(folder.c_str());
}

// The daemon had heard of it, and was killed before it could write that down.
TEST_P(ReadoptTest, AnEndThatOnlyTheDaemonBeforeHasSeenIsKnown) {
  Kept kept(
      [](const Life& life) {
        Service service(life);
        if (life.number == 1) {
          service.Start("exec sleep 1000");
          SayReady(life);
          service.Terminate();
          Kept::Say(service.HowItEnded());
          Kept::Die(SIGKILL);
        }
        if (!service.Find()) return 95;
        Kept::Say(service.HowItEnded());
        return EXIT_SUCCESS;
      },
      GetParam());
  EXPECT_EQ(kept.Hear(), "1 15 empty");
  EXPECT_EQ(kept.Hear(), "1 15 empty");
  EXPECT_EQ(kept.Wait(), 0);
}

INSTANTIATE_TEST_SUITE_P(ThisKernel, ReadoptTest, ::testing::Values(&FindMachine));
INSTANTIATE_TEST_SUITE_P(OlderKernel, ReadoptTest, ::testing::Values(&FindOlderMachine));

}  // namespace
}  // namespace socketd::real
