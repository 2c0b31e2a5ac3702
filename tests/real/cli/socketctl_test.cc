// socketctl as an operator uses it, against a daemon on the real kernel: the program itself, its
// output and its exit status.
#include <mqueue.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"
#include "tests/real/testing/traffic.h"

namespace socketd::real {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

constexpr char kProgram[] = "cli/socketctl";  // below the runfiles, where tests start
constexpr char kSleeper[] = "[Service]\nType=simple\nExecStart=/bin/sleep 1000\n";

class SocketctlTest : public DaemonTest {
 protected:
  std::vector<std::string> Words(const std::string& line) {
    const std::string program = (std::filesystem::current_path() / kProgram).string();
    std::vector<std::string> words = {program, "--address", daemon().api_address()};
    for (const absl::string_view word : absl::StrSplit(line, ' '))
      words.emplace_back(word);
    return words;
  }
  // Standard output and error together.
  ProgramResult Ctl(const std::string& line) { return Execute(Words(line), true); }
  std::string SocketText() { return absl::StrCat("[Socket]\nListenStream=", port_path(), "\n"); }
  std::string port_path() const { return place().root() + "/web.sock"; }
  // The revisions that a watch printed: "... #12".
  static std::vector<std::int64_t> Revisions(const std::string& output) {
    std::vector<std::int64_t> revisions;
    for (const absl::string_view line : absl::StrSplit(output, '\n')) {
      const size_t mark = line.rfind('#');
      std::int64_t revision = 0;
      if (mark != absl::string_view::npos && absl::SimpleAtoi(line.substr(mark + 1), &revision)) {
        revisions.push_back(revision);
      }
    }
    return revisions;
  }
};

TEST_F(SocketctlTest, TakesASocketThroughItsLife) {
  const std::string socket = place().Write("new/web.socket", SocketText());
  const std::string service = place().Write("new/web.service", kSleeper);
  Begin();
  ProgramResult result = Ctl(absl::StrCat("create ", socket, " ", service));
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_EQ(Ctl("is-active web.socket").status, 3);
  result = Ctl("start web.socket");
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_EQ(result.output, "");
  EXPECT_EQ(Ctl("is-active web.socket").output, "active\n");
  EXPECT_THAT(Ctl("list-sockets").output, HasSubstr(port_path()));

  auto visit = Conversation::Open(port_path());
  ASSERT_TRUE(visit.ok()) << visit.status();
  // The service is up when its start job has ended; a second start waits for that job.
  EXPECT_EQ(Ctl("start web.service").status, 0);
  result = Ctl("status web.service");
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("Active: active (running)"));
  EXPECT_THAT(result.output, ContainsRegex("Main process: [1-9]"));

  result = Ctl("stop web.service");
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_EQ(Ctl("stop web.socket web.service").status, 0);
  EXPECT_EQ(Ctl("delete web.socket web.service").status, 0);
  EXPECT_EQ(Ctl("status web.socket").status, 4);
}

TEST_F(SocketctlTest, ListensOnEveryKindAndHandsAllOver) {
  const std::string queue = absl::StrCat("/socketd-test-", getpid());
  place().WriteUnit("in.socket",
                    absl::StrCat("[Socket]\nListenFIFO=", place().root(), "/fifo\n",
                                 "ListenNetlink=2 1\nListenMessageQueue=", queue, "\n",
                                 "ListenStream=127.0.0.1:0\n",
                                 "SocketProtocol=udplite\nRemoveOnStop=yes\nPriority=3\n",
                                 "TCPCongestion=nosuch\nX-ListenNames=f n q t\n"));
  place().WriteUnit("in.service",
                    absl::StrCat("[Service]\nType=oneshot\nRemainAfterExit=yes\n"
                                 "ExecStart=/bin/sh -c 'readlink /proc/self/fd/3 /proc/self/fd/5; "
                                 "echo $LISTEN_FDNAMES; read line <&3; echo $$line'\n",
                                 "StandardOutput=file:", place().root(), "/out\n"));
  Begin();
  ASSERT_EQ(Ctl("start in.socket").status, 0) << Ctl("status in.socket").output;
  const std::string listed = Ctl("list-sockets").output;
  for (const char* kind : {"ListenFIFO", "ListenNetlink", "ListenMessageQueue"})
    EXPECT_THAT(listed, HasSubstr(kind));
  EXPECT_THAT(listed, ContainsRegex("127\\.0\\.0\\.1:[1-9]"));  // the port that was chosen
  EXPECT_THAT(Ctl("status in.socket").output, HasSubstr("TCPCongestion=: not obeyed"));
  EXPECT_THAT(Ctl("dump in.socket").output, HasSubstr("SocketProtocol: udplite"));
  place().Write("fifo", "hello\n");
  EXPECT_EQ(Ctl("start in.service").status, 0);
  EXPECT_EQ(FileText(place().root() + "/out"),
            absl::StrCat(place().root(), "/fifo\n", queue, "\nf:n:q:t\nhello\n"));
  EXPECT_EQ(Ctl("stop in.socket in.service").status, 0);
  EXPECT_EQ(mq_unlink(queue.c_str()), -1);  // it was removed
  EXPECT_FALSE(std::filesystem::exists(place().root() + "/fifo"));
}

TEST_F(SocketctlTest, NamesWhoeverHasAnAddress) {
  const int port = FreePort();
  const std::string text = absl::StrCat("[Socket]\nListenStream=127.0.0.1:", port, "\n");
  for (const char* name : {"a", "b"}) {
    place().WriteUnit(absl::StrCat(name, ".socket"), text);
    place().WriteUnit(absl::StrCat(name, ".service"), kSleeper);
  }
  Begin();
  ASSERT_EQ(Ctl("start a.socket").status, 0);
  EXPECT_THAT(Ctl("start b.socket").output, HasSubstr("is held by a.socket"));
  ASSERT_EQ(Ctl("stop a.socket").status, 0);
  const Background other({"/usr/bin/perl", "-MSocket", "-e",
                          absl::StrCat("socket(S, AF_INET, SOCK_STREAM, 0);"
                                       "bind(S, sockaddr_in(",
                                       port,
                                       ", INADDR_LOOPBACK));"
                                       "listen(S, 1); open(F, '>', '",
                                       place().root(), "/ready'); close(F); sleep 100")});
  while (!std::filesystem::exists(place().root() + "/ready") && Alive(other.pid()))
    std::this_thread::yield();
  EXPECT_THAT(Ctl("start a.socket").output,
              HasSubstr(absl::StrCat("holder perl, process ", other.pid())));
}

TEST_F(SocketctlTest, ReadsAndChangesDefinitions) {
  const std::string file = place().Write("new/web.service", kSleeper);
  Begin();
  ASSERT_EQ(Ctl("create " + file).status, 0);
  EXPECT_THAT(Ctl("cat web").output, HasSubstr("ExecStart=/bin/sleep 1000\n"));
  std::vector<std::string> edit = {"/usr/bin/env", "VISUAL=sed -i s/1000/2000/"};
  for (const std::string& word : Words("edit web"))
    edit.push_back(word);
  const ProgramResult changed = Execute(edit, true);
  EXPECT_EQ(changed.status, 0) << changed.output;
  EXPECT_THAT(Ctl("cat web").output, HasSubstr("ExecStart=/bin/sleep 2000\n"));
  edit[1] = "VISUAL=true";
  EXPECT_EQ(Execute(edit, true).output, "web.service: nothing changed\n");
  EXPECT_EQ(Ctl("show web -p ExecStart --value").output, "/bin/sleep 2000\n");
  // The same unit as JSON makes another one.
  const std::string json = place().Write("copy.json", Ctl("show web -o json").output);
  EXPECT_EQ(Ctl(absl::StrCat("create --json --name other.service ", json)).status, 0);
  EXPECT_THAT(Ctl("cat other").output, HasSubstr("ExecStart=/bin/sleep 2000\n"));
}

TEST_F(SocketctlTest, WatchesEachMoveOnceAcrossARestartOfTheWatch) {
  place().WriteUnit("web.socket", SocketText());
  place().WriteUnit("web.service", kSleeper);
  Begin();
  ASSERT_EQ(Ctl("start web.socket").status, 0);
  ASSERT_EQ(Ctl("stop web.socket").status, 0);
  const ProgramResult whole = Ctl("watch --since 1 --timeout 1 web.socket");
  const std::vector<std::int64_t> all = Revisions(whole.output);
  ASSERT_GE(all.size(), 3U) << whole.output;
  // The same in two halves: the second begins after the first's last revision.
  const ProgramResult first = Ctl("watch --since 1 --count 2 web.socket");
  EXPECT_EQ(first.status, 0) << first.output;
  std::vector<std::int64_t> halves = Revisions(first.output);
  ASSERT_EQ(halves.size(), 2U) << first.output;
  const ProgramResult second = Ctl(absl::StrCat("watch --since ", halves.back() + 1, " --count ",
                                                all.size() - 2, " web.socket"));
  for (const std::int64_t revision : Revisions(second.output))
    halves.push_back(revision);
  EXPECT_EQ(halves, all);
}

TEST_F(SocketctlTest, WatchOutlivesTheDaemon) {
  place().WriteUnit("web.socket", SocketText());
  place().WriteUnit("web.service", kSleeper);
  Begin();
  ASSERT_EQ(Ctl("start web.socket").status, 0);
  bool daemon_is_first = true;
  const std::string command =
      absl::StrJoin(Words("watch --since 1 --count 200 --timeout 10 web.socket 2>&1"), " ");
  FILE* watch = popen(command.c_str(), "r");
  ASSERT_NE(watch, nullptr);
  // The first line says that the watch is connected.
  std::string output;
  for (int c = fgetc(watch); c != EOF; c = fgetc(watch)) {
    output += static_cast<char>(c);
    if (c != '\n' || absl::StrContains(output, "is lost") || !daemon_is_first) continue;
    daemon_is_first = false;
    ASSERT_TRUE(daemon().Stop().ok());
    Begin();
    ASSERT_EQ(Ctl("start web.socket").status, 0);
  }
  EXPECT_EQ(WEXITSTATUS(pclose(watch)), 7) << output;
  EXPECT_THAT(output, HasSubstr("the connection is lost"));
  // Whatever the new daemon counts from, where its unit has come to is seen: as a move, or in the
  // snapshot if the watch came back later than that.
  EXPECT_THAT(output, ContainsRegex("is lost(.|\n)*(→|is) listening"));
}

TEST_F(SocketctlTest, EndsWithTheDocumentedStatus) {
  place().WriteUnit("good.service", kSleeper);
  place().WriteUnit("bad.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n");
  place().WriteUnit("slow.service", "[Service]\nType=oneshot\nExecStart=/bin/sleep 1000\n");
  place().WriteUnit("web.socket", SocketText());
  place().WriteUnit("web.service", kSleeper);
  Begin();
  EXPECT_EQ(Ctl("start good").status, 0);
  const ProgramResult failed = Ctl("start bad");
  EXPECT_EQ(failed.status, 1);
  EXPECT_THAT(failed.output, HasSubstr("see 'socketctl status bad.service'"));
  EXPECT_THAT(Ctl("status bad").output, HasSubstr("Hint: "));
  EXPECT_EQ(Ctl("is-failed bad").status, 0);
  EXPECT_EQ(Ctl("start").status, 2);
  EXPECT_EQ(Ctl("is-active bad").status, 3);
  EXPECT_EQ(Ctl("start nothing").status, 4);
  EXPECT_EQ(Ctl("start slow --timeout 0.5").status, 7);
  EXPECT_EQ(Ctl("stop slow").status, 0);
  EXPECT_EQ(Ctl("start good bad").status, 8);
  EXPECT_EQ(Execute(AsNobody(Words("list")), true).status, 6);
  EXPECT_EQ(Ctl("reset-failed -o name").output, "bad.service\n");
  EXPECT_EQ(Ctl("is-failed bad").status, 3);
  ASSERT_TRUE(daemon().Stop().ok());
  const ProgramResult gone = Ctl("list");
  EXPECT_EQ(gone.status, 5);
  EXPECT_THAT(gone.output, HasSubstr(daemon().api_address()));
}

TEST_F(SocketctlTest, SaysWhichConditionIsNotMet) {
  const std::string needed = place().root() + "/needed";
  const std::string unmet = absl::StrCat("PathExists=", needed, " is not met");
  place().WriteUnit("may.service",
                    absl::StrCat("[Unit]\nConditionPathExists=", needed, "\n", kSleeper));
  place().WriteUnit("must.service",
                    absl::StrCat("[Unit]\nAssertPathExists=", needed, "\n", kSleeper));
  place().WriteUnit("web.socket", SocketText() + "Accept=yes\n");
  place().WriteUnit("web@.service",
                    absl::StrCat("[Unit]\nConditionPathExists=", needed, "\n", kSleeper));
  Begin();
  const ProgramResult skipped = Ctl("start may");
  EXPECT_EQ(skipped.status, 0);
  EXPECT_EQ(
      skipped.output,
      absl::StrCat("socketctl: start: may.service: notice: not started: Condition", unmet, "\n"));
  EXPECT_THAT(Ctl("status may").output,
              HasSubstr(absl::StrCat("Condition: Condition", unmet, "; ")));
  EXPECT_EQ(Ctl("show may -p ConditionResult --value").output, "no\n");
  const ProgramResult failed = Ctl("start must");
  EXPECT_EQ(failed.status, 1);
  EXPECT_THAT(failed.output, HasSubstr(absl::StrCat("Assert", unmet)));
  EXPECT_THAT(failed.output, HasSubstr("ASSERTION_FAILED"));
  EXPECT_THAT(Ctl("status must").output, HasSubstr(absl::StrCat("Assertion: Assert", unmet, "; ")));
  EXPECT_EQ(Ctl("start web.socket").status, 0);
  EXPECT_EQ(Ask(port_path(), ""), "");
  EXPECT_THAT(Ctl("status web.socket").output,
              HasSubstr(absl::StrCat("Skipped: 1 time: Condition", unmet)));
  place().Write("needed", "");
  EXPECT_EQ(Ctl("start may must").output, "");
  EXPECT_EQ(Ctl("is-active may must").status, 0);
}

TEST_F(SocketctlTest, ReloadsVerifiesAndTellsTheVersions) {
  Begin();
  place().WriteUnit("late.service", kSleeper);
  EXPECT_EQ(Ctl("daemon-reload").status, 0);
  EXPECT_EQ(Ctl("status late").status, 3);
  const std::string wrong = place().Write("wrong.socket", "[Socket]\nListenStream=99999\n");
  const ProgramResult verdict = Ctl("verify " + wrong);
  EXPECT_EQ(verdict.status, 1);
  EXPECT_THAT(verdict.output, HasSubstr(wrong + ":2: error: "));
  EXPECT_EQ(Ctl("create " + wrong).status, 1);
  const std::string right = place().Write("right.socket", SocketText());
  EXPECT_EQ(Ctl("verify " + right).status, 0);
  EXPECT_THAT(Ctl("version").output,
              HasSubstr(absl::StrCat("process ", daemon().daemon_pid(), ",")));
  EXPECT_THAT(Ctl("dump late").output, HasSubstr("late.service"));
}

TEST_F(SocketctlTest, SaysWhatExistsWhenABareNameMeansNothing) {
  place().WriteUnit("only.target", "[Unit]\nDescription=alone\n");
  Begin();
  const ProgramResult result = Ctl("start only");
  EXPECT_EQ(result.status, 4);
  EXPECT_THAT(result.output, HasSubstr("there is only.target"));
}

}  // namespace
}  // namespace socketd::real
