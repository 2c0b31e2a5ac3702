// The local hand-over: a process that socketd did not start asks for a unit's sockets.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"
#include "tests/real/testing/traffic.h"

#include "socketd/v1/handoff.pb.h"

namespace socketd::real {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

struct Answer {
  v1::HandoffReply reply;
  std::vector<int> fds;
};

class HandoffTest : public DaemonTest {
 protected:
  void TearDown() override {
    for (int fd : received_)
      close(fd);
    DaemonTest::TearDown();
  }

  std::string first() const { return place().root() + "/first"; }
  std::string second() const { return place().root() + "/second"; }

  void BeginListening() {
    place().WriteUnit("pair.socket",
                      absl::StrCat("[Socket]\nListenStream=", first(),
                                   "\nListenDatagram=", second(), "\nFileDescriptorName=both\n"));
    place().WriteUnit("pair.service", "[Service]\nExecStart=/bin/sleep infinity\n");
    ASSERT_NO_FATAL_FAILURE(Begin());
    ASSERT_TRUE(client().Start("pair.socket").ok());
  }

  Answer AskFor(const std::string& unit) {
    v1::HandoffRequest request;
    request.set_unit(unit);
    Answer answer;
    const auto conversation = Conversation::OpenPackets(daemon().handoff_path());
    EXPECT_TRUE(conversation.ok()) << conversation.status();
    if (!conversation.ok() || !conversation->Say(request.SerializeAsString())) return answer;
    Conversation::Parcel parcel = conversation->HearParcel();
    EXPECT_TRUE(answer.reply.ParseFromString(parcel.data));
    answer.fds = parcel.fds;
    received_.insert(received_.end(), answer.fds.begin(), answer.fds.end());
    return answer;
  }

  // What becomes of another user with the same request, in words.
  std::string StrangerAsksFor(const std::string& unit, const std::string& user = "65534") {
    // Where that user can read it.
    const std::string program =
        place().Write("stranger.py", FileText("tests/real/services/stranger.py"));
    return Execute({"/usr/bin/setpriv", "--reuid=" + user, "--clear-groups", "/usr/bin/python3",
                    program, "handoff", daemon().handoff_path(), unit},
                   true)
        .output;
  }

 private:
  std::vector<int> received_;
};

TEST_F(HandoffTest, RootGetsTheSocketsInFileOrderWithTheirNames) {
  ASSERT_NO_FATAL_FAILURE(BeginListening());
  const Answer answer = AskFor("pair.socket");
  ASSERT_EQ(answer.reply.error_reason(), "");
  EXPECT_THAT(answer.reply.names(), ElementsAre("both", "both"));
  ASSERT_THAT(answer.fds, SizeIs(2));
  int type = 0;
  socklen_t size = sizeof type;
  ASSERT_EQ(getsockopt(answer.fds[1], SOL_SOCKET, SO_TYPE, &type, &size), 0);
  EXPECT_EQ(type, SOCK_DGRAM);

  const auto visitor = Conversation::Open(first());
  ASSERT_TRUE(visitor.ok());
  pollfd waiting = {answer.fds[0], POLLIN, 0};
  ASSERT_EQ(poll(&waiting, 1, 20000), 1);
}

TEST_F(HandoffTest, AUnitThatIsNotOpenOrNotThereSaysSo) {
  ASSERT_NO_FATAL_FAILURE(BeginListening());
  EXPECT_THAT(AskFor("nothing.socket").reply.error_reason(), "UNIT_NOT_FOUND");
  ASSERT_TRUE(client().Stop("pair.socket").ok());
  const Answer closed = AskFor("pair.socket");
  EXPECT_THAT(closed.reply.error_reason(), Not(IsEmpty()));
  EXPECT_THAT(closed.fds, IsEmpty());
}

TEST_F(HandoffTest, AStrangerGetsNothing) {
  ASSERT_NO_FATAL_FAILURE(BeginListening());
  EXPECT_THAT(StrangerAsksFor("pair.socket"), HasSubstr("fds=0"));
  EXPECT_THAT(StrangerAsksFor("nothing.socket"), HasSubstr("fds=0"));
}

// What is accepted by the daemon itself is nobody else's: who shares it can make it wait.
TEST_F(HandoffTest, ThePortsOfASocketThatAcceptsStayWithTheDaemon) {
  for (const char* accept : {"yes", "no"}) {
    place().WriteUnit(absl::StrCat(accept, ".socket"),
                      absl::StrCat("[Socket]\nListenStream=", place().root(), "/", accept,
                                   "\nSocketUser=daemon\nAccept=", accept, "\n"));
  }
  place().WriteUnit("yes@.service", "[Service]\nExecStart=/bin/true\n");
  place().WriteUnit("no.service", "[Service]\nExecStart=/bin/sleep infinity\n");
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("yes.socket").ok());
  ASSERT_TRUE(client().Start("no.socket").ok());
  EXPECT_THAT(StrangerAsksFor("no.socket", "daemon"), HasSubstr("fds=1"));
  EXPECT_THAT(StrangerAsksFor("yes.socket", "daemon"), HasSubstr("fds=0"));
}

TEST_F(HandoffTest, NonsenseIsAnsweredOrDroppedAndCostsNothing) {
  ASSERT_NO_FATAL_FAILURE(BeginListening());
  AskFor("pair.socket");
  const int before = DescriptorCount(daemon().pid());
  for (const std::string& text : {std::string("\xff\xff\xff"), std::string(4096, 'a'),
                                  std::string(60000, '\0'), std::string("\x0a\x05../..")}) {
    const auto conversation = Conversation::OpenPackets(daemon().handoff_path());
    ASSERT_TRUE(conversation.ok()) << conversation.status();
    conversation->Say(text);
    EXPECT_THAT(conversation->HearParcel().fds, IsEmpty());
  }
  EXPECT_THAT(AskFor("pair.socket").fds, SizeIs(2));
  // The daemon closes its ends when it reads of ours; each question gives it a turn.
  int after = DescriptorCount(daemon().pid());
  for (int turn = 0; turn < 1000 && after > before; ++turn) {
    EXPECT_EQ(client().State("pair.socket"), "listening");
    after = DescriptorCount(daemon().pid());
  }
  EXPECT_LE(after, before);
}

}  // namespace
}  // namespace socketd::real
