// The executor alone: words in, a process of that kind out, or the step that failed with its errno.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/exec/order.h"

namespace socketd::exec {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;

constexpr int kReportNumber = 9;

struct Outcome {
  std::vector<Report> reports;
  int status = 0;  // exit status; 256 and more: signal + 256
  std::string output;
};

class ExecTest : public ::testing::Test {
 protected:
  ExecTest() { EXPECT_NE(mkdtemp(folder_.data()), nullptr); }
  ~ExecTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  // Obeys `words`, then runs `line` in a shell.
  Outcome Obey(std::vector<std::string> words, const std::string& line) {
    words.insert(words.end(), {"=", "/bin/sh", "sh", "-c", line});
    return Execute(words);
  }
  Outcome Execute(const std::vector<std::string>& words);

  std::vector<std::string> environment_ = {"PATH=/usr/bin:/bin"};

 private:
  std::string folder_ = "/tmp/sdXXXXXX";
};

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

template <typename Take>
void Drain(int fd, Take take) {
  std::array<char, 4096> part{};
  for (ssize_t length = 1; length > 0;) {
    length = read(fd, part.data(), part.size());
    if (length > 0) take(part.data(), static_cast<size_t>(length));
  }
  close(fd);
}

Outcome ExecTest::Execute(const std::vector<std::string>& words) {
  std::array<int, 2> report{};
  std::array<int, 2> output{};
  EXPECT_EQ(pipe2(report.data(), O_CLOEXEC), 0);
  EXPECT_EQ(pipe2(output.data(), O_CLOEXEC), 0);
  std::vector<std::string> all = {"socketd-exec", "R" + std::to_string(kReportNumber)};
  all.insert(all.end(), words.begin(), words.end());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output[1], 1);
  posix_spawn_file_actions_adddup2(&actions, report[1], kReportNumber);
  pid_t pid = 0;
  EXPECT_EQ(posix_spawn(&pid, "server/exec/socketd-exec", &actions, nullptr, Pointers(all).data(),
                        Pointers(environment_).data()),
            0);
  posix_spawn_file_actions_destroy(&actions);
  close(report[1]);
  close(output[1]);
  Outcome outcome;
  std::string raw;
  Drain(output[0], [&](const char* data, size_t size) { outcome.output.append(data, size); });
  Drain(report[0], [&](const char* data, size_t size) { raw.append(data, size); });
  for (size_t at = 0; at + sizeof(Report) <= raw.size(); at += sizeof(Report)) {
    Report one;
    raw.copy(reinterpret_cast<char*>(&one), sizeof(one), at);
    outcome.reports.push_back(one);
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
  return outcome;
}

MATCHER_P2(FailsAt, step, error, "") {
  const StepInfo& info = InfoOf(step);
  if (arg.reports.empty()) {
    *result_listener << "no report";
    return false;
  }
  const Report& last = arg.reports.back();
  *result_listener << "step " << last.step << " error " << last.error << " status " << arg.status;
  return last.step == static_cast<int>(step) && last.error == error &&
         arg.status == info.exit_status;
}

MATCHER(Ran, "") {
  *result_listener << "status " << arg.status << " reports " << arg.reports.size();
  return arg.status == 0 && arg.reports.size() == 1 && arg.reports[0].step == kAboutToExec;
}

TEST_F(ExecTest, RunsTheProgramAndClosesItsReport) {
  const Outcome outcome = Obey({"X1"}, "test -e /proc/self/fd/9 || echo closed");
  EXPECT_THAT(outcome, Ran());
  EXPECT_EQ(outcome.output, "closed\n");
}

TEST_F(ExecTest, AnUnknownWordIsRefused) {
  EXPECT_THAT(Obey({"?"}, "true"), FailsAt(Step::kOrder, EINVAL));
  EXPECT_THAT(Execute({"S"}), FailsAt(Step::kOrder, EINVAL));
}

TEST_F(ExecTest, TellsTheSessionStep) {
  EXPECT_THAT(Obey({"S", "S"}, "true"), FailsAt(Step::kSession, EPERM));
  EXPECT_THAT(Obey({"S"}, "test $(cut -d' ' -f6 /proc/$$/stat) = $$"), Ran());
}

TEST_F(ExecTest, TellsTheTerminalStep) {
  EXPECT_THAT(Obey({"S", "Tx/dev/null"}, "true"), FailsAt(Step::kTerminal, ENOTTY));
  EXPECT_THAT(Obey({"S", "Tx/nowhere"}, "true"), FailsAt(Step::kTerminal, ENOENT));
}

TEST_F(ExecTest, TellsTheStreamSteps) {
  EXPECT_THAT(Obey({"ir/nowhere"}, "true"), FailsAt(Step::kStdin, ENOENT));
  EXPECT_THAT(Obey({"of/nowhere/x"}, "true"), FailsAt(Step::kStdout, ENOENT));
  EXPECT_THAT(Obey({"ef/proc"}, "true"), FailsAt(Step::kStderr, EISDIR));
}

TEST_F(ExecTest, OpensStreams) {
  const std::string path = Path("out");
  EXPECT_THAT(Obey({"of" + path}, "echo first"), Ran());
  EXPECT_THAT(Obey({"oa" + path}, "echo second"), Ran());
  EXPECT_THAT(Obey({"ir" + path}, "cat").output, Eq("first\nsecond\n"));
  EXPECT_THAT(Obey({"ot" + path, "e1"}, "echo third >&2"), Ran());
  EXPECT_THAT(Obey({"ir" + path}, "cat").output, Eq("third\n"));
}

TEST_F(ExecTest, TellsTheLimitStep) {
  EXPECT_THAT(Obey({"L99,1,1"}, "true"), FailsAt(Step::kLimits, EINVAL));
  EXPECT_THAT(Obey({"L7,20,10"}, "true"), FailsAt(Step::kLimits, EINVAL));
  EXPECT_EQ(Obey({"L7,20,30"}, "ulimit -Sn; ulimit -Hn").output, "20\n30\n");
}

TEST_F(ExecTest, SetsTheNiceValue) {
  EXPECT_EQ(Obey({"N7"}, "nice").output, "7\n");
}

TEST_F(ExecTest, RaisesTheOomScoreAndForgivesThatItCannotBeLowered) {
  EXPECT_EQ(Obey({"O300"}, "cat /proc/self/oom_score_adj").output, "300\n");
  EXPECT_THAT(Obey({"O-1000"}, "true"), Ran());
  EXPECT_THAT(Obey({"O5000"}, "true"), FailsAt(Step::kOom, EINVAL));
}

TEST_F(ExecTest, MakesDirectoriesWithTheirMode) {
  EXPECT_THAT(Obey({"D2750,-,-," + Path("a/b/c")}, "true"), Ran());
  struct stat status{};
  ASSERT_EQ(stat(Path("a/b/c").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 02750U);
}

TEST_F(ExecTest, NeverChownsThroughALink) {
  ASSERT_EQ(symlink("/tmp", Path("link").c_str()), 0);
  EXPECT_THAT(Obey({"D700,-,-," + Path("link")}, "true"), FailsAt(Step::kDirectories, ENOTDIR));
  EXPECT_THAT(Obey({"D700,-,-,/proc/nowhere/x"}, "true"), FailsAt(Step::kDirectories, ENOENT));
  EXPECT_THAT(Obey({"D700,-,-,/" + std::string(PATH_MAX, 'x') + "/y"}, "true"),
              FailsAt(Step::kDirectories, ENAMETOOLONG));
}

TEST_F(ExecTest, TellsTheWorkingDirectoryStep) {
  EXPECT_THAT(Obey({"C/nowhere"}, "true"), FailsAt(Step::kChdir, ENOENT));
  EXPECT_THAT(Obey({"C/etc/passwd"}, "true"), FailsAt(Step::kChdir, ENOTDIR));
  EXPECT_EQ(Obey({"c/nowhere"}, "pwd").output, "/\n");
  EXPECT_EQ(Obey({"C/usr"}, "pwd").output, "/usr\n");
}

TEST_F(ExecTest, SetsTheUmask) {
  EXPECT_THAT(Obey({"M" + std::to_string(0027)}, "umask").output, HasSubstr("0027"));
}

TEST_F(ExecTest, TellsTheExecStep) {
  EXPECT_THAT(Execute({"=", "/nowhere", "x"}), FailsAt(Step::kExec, ENOENT));
  EXPECT_THAT(Execute({"=", "/etc/passwd", "x"}), FailsAt(Step::kExec, EACCES));
  EXPECT_THAT(Execute({"=", "/", "x"}), FailsAt(Step::kExec, EACCES));
}

TEST_F(ExecTest, StampsItsProcessIdIntoTheEnvironment) {
  environment_.emplace_back("LISTEN_PID=0000000000");
  environment_.emplace_back("LISTEN_PIDFDID=00000000000000000000");
  EXPECT_THAT(Obey({"Z"}, "test $LISTEN_PID = $$ && test -n \"$LISTEN_PIDFDID\""), Ran());
}

TEST_F(ExecTest, GivesSignalsBackAsAProgramExpectsThem) {
  // SigBlk, SigIgn: what this test's own process has must not shine through.
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  signal(SIGUSR2, SIG_IGN);
  const std::string line = "grep -E 'SigBlk|SigIgn' /proc/$$/status | cut -f2";
  EXPECT_EQ(Obey({"X0"}, line).output, "0000000000000000\n0000000000000000\n");
  EXPECT_EQ(Obey({"X1"}, line).output, "0000000000000000\n0000000000001000\n");
  signal(SIGUSR2, SIG_DFL);
  sigprocmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(ExecTest, ForbidsNewPrivileges) {
  EXPECT_THAT(Obey({"P"}, "grep NoNewPrivs /proc/$$/status").output, HasSubstr("1"));
}

class ExecAsRootTest : public ExecTest {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
  }
};

TEST_F(ExecAsRootTest, BecomesSomebodyElseInTheRightOrder) {
  const Outcome outcome =
      Obey({"G4,24", "g33", "u33"}, "grep -E '^(Uid|Gid|Groups)' /proc/$$/status | tr -d ' '");
  EXPECT_THAT(outcome, Ran());
  EXPECT_EQ(outcome.output, "Uid:\t33\t33\t33\t33\nGid:\t33\t33\t33\t33\nGroups:\t424\n");
}

TEST_F(ExecAsRootTest, TellsTheIdentitySteps) {
  EXPECT_THAT(Obey({"u33", "G4"}, "true"), FailsAt(Step::kGroup, EPERM));
  EXPECT_THAT(Obey({"u33", "g4"}, "true"), FailsAt(Step::kGroup, EPERM));
  EXPECT_THAT(Obey({"u33", "u0"}, "true"), FailsAt(Step::kUser, EPERM));
  EXPECT_THAT(Obey({"u33", "N-5"}, "true"), FailsAt(Step::kNice, EACCES));
}

TEST_F(ExecAsRootTest, GivesDirectoriesToTheirOwner) {
  EXPECT_THAT(Obey({"D750,33,34," + Path("run")}, "true"), Ran());
  struct stat status{};
  ASSERT_EQ(stat(Path("run").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 33U);
  EXPECT_EQ(status.st_gid, 34U);
}

TEST_F(ExecAsRootTest, NoLinkOfAStrangerIsFollowedOnTheWay) {
  std::filesystem::create_directories(Path("victim/log"));
  std::filesystem::create_directories(Path("app"));
  ASSERT_EQ(symlink(Path("victim").c_str(), Path("app/data").c_str()), 0);
  ASSERT_EQ(lchown(Path("app/data").c_str(), 33, 33), 0);
  EXPECT_THAT(Obey({"D750,33,33," + Path("app/data/log")}, "true"),
              FailsAt(Step::kDirectories, ELOOP));
  struct stat status{};
  ASSERT_EQ(stat(Path("victim/log").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0U);
  // One of root is, as in /var/run: and what is behind it is made.
  ASSERT_EQ(symlink("../victim/.", Path("app/ours").c_str()), 0);
  EXPECT_THAT(Obey({"D750,33,33," + Path("app/ours//new/deep/")}, "true"), Ran());
  ASSERT_EQ(stat(Path("victim/new/deep").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 33U);
  ASSERT_EQ(stat(Path("victim/new").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0U);
}

}  // namespace
}  // namespace socketd::exec
