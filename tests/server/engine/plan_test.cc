#include "server/engine/plan.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/engine/port_change.h"
#include "server/unit/overlay_files.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

class NoFiles final : public UnitFiles {
 public:
  absl::StatusOr<std::string> Read(const std::string& path) override {
    return absl::NotFoundError(path);
  }
  std::string StampOf(const std::string& /*path*/) override { return ""; }
  absl::StatusOr<std::vector<Entry>> List(const std::string& directory) override {
    return absl::NotFoundError(directory);
  }
};

// What a file of that text defines; without one: nothing is there.
DefinitionPtr Define(const std::string& unit, const std::string& text) {
  NoFiles none;
  OverlayFiles files(none);
  if (!text.empty()) files.Write("/units/" + unit, text);
  const Surroundings surroundings;
  const ExecSurroundings around{&surroundings, {}};
  return MakeDefinition(UnitLoader(files, {"/units"}, surroundings).Load(*UnitName::Parse(unit)),
                        around);
}

// "keep 80 set Backlog at-next-start ReusePort".
std::string TextOf(const ListenerChange& change) {
  static constexpr const char* kWords[] = {"keep", "open", "close"};
  std::string text = absl::StrCat(kWords[static_cast<int>(change.action)], " ", change.address);
  if (!change.set_live.empty())
    absl::StrAppend(&text, " set ", absl::StrJoin(change.set_live, " "));
  if (!change.at_next_start.empty())
    absl::StrAppend(&text, " at-next-start ", absl::StrJoin(change.at_next_start, " "));
  return text;
}

UnitChange PlanFor(const std::string& unit, const std::string& before, const std::string& after) {
  const DefinitionPtr from = Define(unit, before);
  const DefinitionPtr to = Define(unit, after);
  return PlanUnit({from.get(), from->socket.get(), false}, *to);
}

// What becomes of the ports of an active socket.
std::string Ports(const std::string& before, const std::string& after) {
  const UnitChange change = PlanFor("web.socket", "[Socket]\n" + before, "[Socket]\n" + after);
  const auto text = [](std::string* out, const ListenerChange& listener) {
    absl::StrAppend(out, TextOf(listener));
  };
  return absl::StrJoin(change.listeners, "; ", text);
}

TEST(PlanTest, WhatHappensToTheDefinition) {
  using Action = UnitChange::Action;
  const std::string text = "[Service]\nExecStart=/bin/web\n";
  EXPECT_EQ(PlanFor("a.service", "", text).action, Action::kCreate);
  EXPECT_EQ(PlanFor("a.service", text, text).action, Action::kUnchanged);
  EXPECT_EQ(PlanFor("a.service", text, "").action, Action::kRemove);
  const UnitChange commented = PlanFor("a.service", text, "# why\n" + text);
  EXPECT_EQ(commented.action, Action::kChange);
  EXPECT_THAT(commented.directives, IsEmpty());
}

TEST(PlanTest, DirectivesThatChangeWithAllTheirValues) {
  const UnitChange change = PlanFor("web.socket",
                                    "[Unit]\nDescription=a\n[Socket]\nListenStream=80\n"
                                    "ListenStream=81\nBacklog=5\nFoo=1\n",
                                    "[Unit]\nDescription=a\n[Socket]\nListenStream=80\n"
                                    "ListenStream=82\nKeepAlive=yes\nFoo=2\n");
  EXPECT_THAT(change.directives,
              ElementsAre(DirectiveChange{"Socket", "ListenStream", {"80", "81"}, {"80", "82"}},
                          DirectiveChange{"Socket", "Backlog", {"5"}, {}},
                          DirectiveChange{"Socket", "Foo", {"1"}, {"2"}},
                          DirectiveChange{"Socket", "KeepAlive", {}, {"yes"}}));
}

struct PortRow {
  const char* before;
  const char* after;
  const char* expected;
};

constexpr PortRow kPorts[] = {
    {"ListenStream=80\n", "ListenStream=80\n", "keep 80"},
    {"ListenStream=80\n", "ListenStream=[::]:80\n", "keep [::]:80"},
    {"ListenStream=80\n", "ListenStream=81\n", "open 81; close 80"},
    {"ListenStream=80\n", "ListenDatagram=80\n", "open 80; close 80"},
    {"ListenStream=80\nListenStream=81\n", "ListenStream=82\nListenStream=81\n",
     "open 82; keep 81; close 80"},
    {"ListenStream=80\nListenStream=81\n", "ListenStream=81\nListenStream=80\n",
     "keep 81; keep 80"},
    // Twins at one address: as many as there are on both sides.
    {"ListenStream=80\nListenStream=80\nReusePort=yes\n",
     "ListenStream=80\nListenStream=80\nListenStream=80\nReusePort=yes\n",
     "keep 80; keep 80; open 80"},
    {"ListenStream=80\nListenStream=80\nReusePort=yes\n", "ListenStream=80\nReusePort=yes\n",
     "keep 80; close 80"},
    {"ListenStream=80\n", "ListenStream=80\nBacklog=5\nKeepAlive=yes\nSocketMode=0600\n",
     "keep 80 set Backlog KeepAlive"},
    {"ListenStream=80\nNoDelay=yes\n", "ListenStream=80\n", "keep 80 set NoDelay"},
    {"ListenStream=/run/a\n", "ListenStream=/run/a\nSocketMode=0600\nDirectoryMode=0700\n",
     "keep /run/a set SocketMode"},
    {"ListenFIFO=/run/a\n", "ListenFIFO=/run/a\nSocketMode=0600\nBacklog=5\nPipeSize=8K\n",
     "keep /run/a set SocketMode at-next-start PipeSize"},
    {"ListenStream=80\nTimestamping=us\n", "ListenStream=80\nTimestamping=ns\n",
     "keep 80 set Timestamping"},
    {"ListenStream=127.0.0.1:80\n",
     "ListenStream=127.0.0.1:80\nReusePort=yes\nBindToDevice=lo\nBindIPv6Only=both\n",
     "keep 127.0.0.1:80 at-next-start BindToDevice ReusePort"},
    {"ListenStream=80\n", "ListenStream=80\nBindIPv6Only=ipv6-only\nSocketProtocol=mptcp\n",
     "keep 80 at-next-start BindIPv6Only SocketProtocol"},
    {"ListenSpecial=/dev/a\n", "ListenSpecial=/dev/a\nWritable=yes\nSocketMode=0600\n",
     "keep /dev/a at-next-start Writable"},
    {"ListenMessageQueue=/a\n",
     "ListenMessageQueue=/a\nSocketMode=0600\nMessageQueueMaxMessages=3\n"
     "MessageQueueMessageSize=8\n",
     "keep /a set SocketMode at-next-start MessageQueueMaxMessages MessageQueueMessageSize"},
    {"ListenStream=80\n", "ListenStream=80\nXAttrListen=user.a=b\nSmackLabel=c\n",
     "keep 80 at-next-start XAttrListen SmackLabel"},
    // Whom it starts is for a run: its ports stay as they are.
    {"ListenStream=80\n", "ListenStream=81\nAccept=yes\n", ""},
    {"ListenStream=80\n", "ListenStream=81\nService=other.service\n", ""},
};

TEST(PlanTest, WhatBecomesOfPorts) {
  for (const PortRow& row : kPorts)
    EXPECT_EQ(Ports(row.before, row.after), row.expected) << row.before << "->\n" << row.after;
}

TEST(PlanTest, ASocketThatIsNotActiveHasNoPortsToChange) {
  const DefinitionPtr from = Define("web.socket", "[Socket]\nListenStream=80\n");
  const DefinitionPtr to = Define("web.socket", "[Socket]\nListenStream=81\n");
  const UnitChange change = PlanUnit({from.get(), nullptr, false}, *to);
  EXPECT_THAT(change.listeners, IsEmpty());
  EXPECT_THAT(change.at_next_start, IsEmpty());
}

TEST(PlanTest, WhatARunKeeps) {
  const auto keys = [](const std::string& after) {
    return PlanFor("web.socket", "[Socket]\nListenStream=80\n",
                   "[Socket]\nListenStream=80\n" + after)
        .at_next_start;
  };
  EXPECT_THAT(keys("Accept=yes\n"), ElementsAre("Accept"));
  EXPECT_THAT(keys("Service=other.service\n"), ElementsAre("Service"));
  EXPECT_THAT(keys("SocketUser=root\nSocketGroup=root\n"),
              ElementsAre("SocketUser", "SocketGroup"));
  EXPECT_THAT(keys("MaxConnections=3\nFlushPending=yes\n"), IsEmpty());
}

TEST(PlanTest, AServiceIsRestartedForWhatItsProcessesWouldNotice) {
  const auto needs = [](const std::string& after, bool runs) {
    const DefinitionPtr from = Define("a.service", "[Service]\nExecStart=/bin/web\n");
    const DefinitionPtr to = Define("a.service", after);
    return NeedsRestart({from.get(), nullptr, runs}, *to);
  };
  EXPECT_TRUE(needs("[Service]\nExecStart=/bin/new\n", true));
  EXPECT_TRUE(needs("[Service]\nExecStart=/bin/web\nUser=nobody\n", true));
  EXPECT_FALSE(needs("[Service]\nExecStart=/bin/new\n", false));
  EXPECT_FALSE(needs("[Unit]\nDescription=b\n[Service]\nExecStart=/bin/web\n", true));
  EXPECT_FALSE(needs("", true));
}

TEST(PortChangeTest, AnOpenPortHasAllButWhatOnlyANewOneCanHave) {
  const DefinitionPtr from =
      Define("a.socket",
             "[Socket]\nListenStream=[::1]:80\nReusePort=yes\nNoDelay=yes\nBindIPv6Only=both\n");
  const DefinitionPtr to =
      Define("a.socket", "[Socket]\nListenStream=[::1]:80\nBacklog=5\nKeepAlive=yes\n");
  const ListenSpec& before = from->socket->listeners[0].spec;
  const PortChange change = CompareListeners(before, to->socket->listeners[0].spec);
  EXPECT_EQ(change.spec.backlog, 5U);
  EXPECT_EQ(change.spec.ipv6_only, Ipv6Only::kBoth);
  EXPECT_THAT(change.spec.options, ElementsAre(OptionValue{SocketOption::kKeepAlive, 1, ""},
                                               OptionValue{SocketOption::kReusePort, 1, ""}));
  EXPECT_THAT(PairPorts(*from->socket, *to->socket), ElementsAre(Optional(0)));
}

}  // namespace
}  // namespace socketd
