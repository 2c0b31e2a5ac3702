// The keeper by itself, with daemons made up by the tests.
#include "server/keeper/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/real/keeper/kept.h"

namespace socketd::real {
namespace {

// Something that the next daemon must find, under its number.
void OpenOne() {
  const int opened = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup3(opened, 90, O_CLOEXEC);
  close(opened);
}

// Says what the daemon before left open, by number.
void SayLeft(const Life& life) {
  std::string text = absl::StrCat("life ", life.number, " left");
  if (life.left != nullptr)
    life.left->ForEach([&text](int number) { absl::StrAppend(&text, " ", number); });
  Kept::Say(text);
}

struct ProcessBirth {
  int pid = 0;
  uint64_t born = 0;
};

// The daemon of most tests: ready, with something open, until a signal.
int Serve(const Life& life) {
  SayLeft(life);
  if (life.number == 1) OpenOne();
  SayReady(life);
  Kept::Say("ready");
  Kept::AwaitSignal();
  SayDone(life);
  return EXIT_SUCCESS;
}

TEST(KeeperTest, ADaemonThatCannotStartEndsTheKeeperWithItsStatus) {
  Kept kept([](const Life& life) {
    Kept::Say(absl::StrCat("life ", life.number));
    return 3;
  });
  EXPECT_EQ(kept.Wait(), 3);
  EXPECT_EQ(kept.Hear(), "life 1");
  EXPECT_EQ(kept.Hear(), "") << "one try";
}

TEST(KeeperTest, SignalsArePassedOnAndAnOrderlyEndIsTheEnd) {
  Kept kept([](const Life& life) {
    SayReady(life);
    Kept::Say("ready");
    for (;;) {
      const int signal = Kept::AwaitSignal();
      Kept::Say(absl::StrCat("signal ", signal));
      if (signal == SIGTERM) return EXIT_SUCCESS;
    }
  });
  EXPECT_EQ(kept.Hear(), "ready");
  for (const int signal : {SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT, SIGINT, SIGTERM}) {
    kill(kept.keeper(), signal);
    EXPECT_EQ(kept.Hear(), absl::StrCat("signal ", signal));
  }
  EXPECT_EQ(kept.Wait(), 0);
  EXPECT_EQ(waitpid(-1, nullptr, 0), -1) << "nothing is left of it";
}

TEST(KeeperTest, WhatAKilledDaemonHadOpenIsOpenInTheNext) {
  Kept kept(Serve);
  EXPECT_EQ(kept.Hear(), "life 1 left");
  EXPECT_EQ(kept.Hear(), "ready");
  kill(kept.Find("socketd"), SIGKILL);
  EXPECT_EQ(kept.Hear(), "life 2 left 90");
  EXPECT_EQ(kept.Hear(), "ready");
  kill(kept.Find("socketd"), SIGKILL);
  EXPECT_EQ(kept.Hear(), "life 3 left 90") << "nobody has closed it";
  EXPECT_EQ(kept.Hear(), "ready");
  kill(kept.keeper(), SIGTERM);
  EXPECT_EQ(kept.Wait(), 0);
}

TEST(KeeperTest, ThousandsOfDescriptorsAreThere) {
  constexpr int kMany = 5000;
  Kept kept([](const Life& life) {
    int count = 0;
    struct stat null{};
    stat("/dev/null", &null);
    if (life.number == 1) {
      const int first = open("/dev/null", O_RDONLY | O_CLOEXEC);
      while (++count < kMany)
        fcntl(first, F_DUPFD_CLOEXEC, 0);
      SayReady(life);
      Kept::Die(SIGKILL);
    }
    life.left->ForEach([&](int number) {
      struct stat status{};
      if (fstat(number, &status) == 0 && status.st_rdev == null.st_rdev) ++count;
    });
    Kept::Say(absl::StrCat(count));
    return EXIT_SUCCESS;
  });
  EXPECT_EQ(kept.Hear(), absl::StrCat(kMany));
  EXPECT_EQ(kept.Wait(), 0);
}

TEST(KeeperTest, HowAnOrphanEndsIsTheNextDaemonsToKnow) {
  std::array<int, 2> go{};
  ASSERT_EQ(pipe(go.data()), 0);
  // Shared with the daemons, as the engine's memory would be.
  auto* const orphan = static_cast<ProcessBirth*>(mmap(
      nullptr, sizeof(ProcessBirth), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  Kept kept([&go, orphan](const Life& life) {
    if (life.number == 1) {
      const pid_t child = fork();
      char byte = 0;
      if (child == 0) _exit(read(go[0], &byte, 1) == 1 ? 7 : 8);
      const auto pidfd = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
      *orphan = {child, BornOf(child, pidfd)};
      Kept::Say(absl::StrCat(child, " ", orphan->born));
      SayReady(life);
      Kept::Die(SIGKILL);
    }
    Kept::Say("next");
    pollfd bell{life.bell, POLLIN, 0};
    poll(&bell, 1, -1);
    // It is the only one, and has told who it is.
    Ending ending;
    if (!life.page->endings.Find(orphan->pid, orphan->born, ending)) return 97;
    Kept::Say(absl::StrCat(ending.pid, " ", ending.born, " ", ending.code, " ", ending.status));
    return EXIT_SUCCESS;
  });
  const std::string who = kept.Hear();
  EXPECT_EQ(kept.Hear(), "next");
  ASSERT_EQ(write(go[1], "x", 1), 1);
  EXPECT_EQ(kept.Hear(), absl::StrCat(who, " ", static_cast<int>(CLD_EXITED), " 7"));
  EXPECT_EQ(kept.Wait(), 0);
}

TEST(KeeperTest, ACrashLoopIsSlowedDownAndHeld) {
  Kept kept([](const Life& life) {
    Kept::Say(absl::StrCat(life.number, life.hold ? " held" : ""));
    if (life.hold) return EXIT_SUCCESS;
    Kept::Die(SIGABRT);
  });
  for (const char* said : {"1", "2", "3", "4", "5", "6 held"})
    EXPECT_EQ(kept.Hear(), said);
  EXPECT_EQ(kept.Wait(), 0);
  EXPECT_TRUE(kept.Complains("killed by signal 6; the next one starts in 0 ms"));
  EXPECT_TRUE(kept.Complains("starts in 400 ms"));
  EXPECT_TRUE(kept.Complains("with activation held"));
}

TEST(KeeperTest, AHeirThatWasKilledIsReplaced) {
  Kept kept(Serve);
  EXPECT_EQ(kept.Hear(), "life 1 left");
  EXPECT_EQ(kept.Hear(), "ready");
  const int heir = kept.Find("socketd-heir");
  ASSERT_GT(heir, 0);
  kill(heir, SIGKILL);
  ASSERT_TRUE(kept.Complains("the heir is gone"));
  kill(kept.Find("socketd"), SIGKILL);
  EXPECT_EQ(kept.Hear(), "life 2 left 90");
  EXPECT_EQ(kept.Hear(), "ready");
  EXPECT_NE(kept.Find("socketd-heir"), heir);
}

TEST(KeeperTest, AKeeperThatWasKilledIsReplacedByItsHeir) {
  Kept kept([](const Life& life) {
    SayLeft(life);
    if (life.number == 1) {
      const int before = MainProcess(life);
      OpenOne();
      SayReady(life);
      Kept::Say("ready");
      pollfd bell{life.bell, POLLIN, 0};
      poll(&bell, 1, -1);
      Kept::Say(absl::StrCat(MainProcess(life)));
      if (MainProcess(life) == before) return 97;
      Kept::AwaitSignal();
      Kept::Die(SIGKILL);
    }
    SayReady(life);
    Kept::AwaitSignal();
    SayDone(life);
    return EXIT_SUCCESS;
  });
  EXPECT_EQ(kept.Hear(), "life 1 left");
  EXPECT_EQ(kept.Hear(), "ready");
  kill(kept.keeper(), SIGKILL);
  const int heir = std::atoi(kept.Hear().c_str());
  ASSERT_GT(heir, 0);
  kept.Follow(heir);
  kill(heir, SIGUSR1);  // passed on: the daemon dies of it
  EXPECT_EQ(kept.Hear(), "life 2 left 90");
  kill(heir, SIGTERM);
  EXPECT_EQ(kept.Wait(), 0);
}

TEST(KeeperTest, KeeperAndDaemonMayGoAtOnce) {
  Kept kept(Serve);
  EXPECT_EQ(kept.Hear(), "life 1 left");
  EXPECT_EQ(kept.Hear(), "ready");
  const int heir = kept.Find("socketd-heir");
  const int daemon = kept.Find("socketd");
  kill(kept.keeper(), SIGSTOP);
  kill(daemon, SIGKILL);
  kill(kept.keeper(), SIGKILL);
  EXPECT_EQ(kept.Hear(), "life 2 left 90");
  EXPECT_EQ(kept.Hear(), "ready");
  kept.Follow(heir);
  kill(heir, SIGTERM);
  EXPECT_EQ(kept.Wait(), 0);
}

TEST(KeeperTest, AStopIsObeyedByTheNextDaemonIfOneDiesOfIt) {
  Kept kept([](const Life& life) {
    SayReady(life);
    Kept::Say(absl::StrCat("life ", life.number));
    const int signal = Kept::AwaitSignal();
    if (life.number == 1) Kept::Die(SIGSEGV);
    Kept::Say(absl::StrCat("signal ", signal));
    return EXIT_SUCCESS;
  });
  EXPECT_EQ(kept.Hear(), "life 1");
  kill(kept.keeper(), SIGTERM);
  EXPECT_EQ(kept.Hear(), "life 2");
  EXPECT_EQ(kept.Hear(), absl::StrCat("signal ", SIGTERM));
  EXPECT_EQ(kept.Wait(), 0);
}

TEST(KeeperTest, GarbageFromADaemonIsNoHarm) {
  Kept kept([](const Life& life) {
    Kept::Say(absl::StrCat("life ", life.number));
    if (life.number == 4) return EXIT_SUCCESS;
    std::memset(static_cast<void*>(life.page), life.number == 1 ? 0xFF : 0x7F, sizeof *life.page);
    Kept::Die(SIGKILL);
  });
  for (const char* said : {"life 1", "life 2", "life 3", "life 4"})
    EXPECT_EQ(kept.Hear(), said);
  EXPECT_EQ(kept.Wait(), 0);
}

TEST(KeeperTest, ADaemonMayStartThreads) {
  Kept kept([](const Life& life) {
    for (int i = 0; i < 10; ++i)
      std::thread([] {}).join();
    std::thread([] { Kept::Say(absl::StrCat(getpid() == gettid() ? "wrong" : "thread")); }).join();
    if (life.number == 1) Kept::Die(SIGKILL);
    return EXIT_SUCCESS;
  });
  EXPECT_EQ(kept.Hear(), "thread");
  EXPECT_EQ(kept.Hear(), "thread");
  EXPECT_EQ(kept.Wait(), 0);
}

}  // namespace
}  // namespace socketd::real
