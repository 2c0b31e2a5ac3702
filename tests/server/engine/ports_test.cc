#include "server/engine/ports.h"

#include <cerrno>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/sim/fake_kernel.h"
#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using ::socketd::testing::FailsBecause;
using ::socketd::testing::HasFact;
using ::socketd::testing::IsOk;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PortSetTest : public ::testing::Test, public Subscriber {
 protected:
  ~PortSetTest() override {
    ports_.Close();
    EXPECT_THAT(kernel_.problems(), IsEmpty());
    EXPECT_THAT(kernel_.Leaks(), IsEmpty());
  }

  void OnEvent(const Event& event) override { heard_ = ports_.Find(event); }

  void AddTcp(uint16_t port) { AddTo(*settings_, port); }
  static void AddTo(SocketSettings& settings, uint16_t port) {
    SocketSettings::Listener listener;
    listener.kind = "ListenStream";
    listener.address = absl::StrCat("127.0.0.1:", port);
    listener.spec.address = Ipv4Address{{127, 0, 0, 1}, port};
    settings.listeners.push_back(listener);
  }
  // The settings to be, as they are now.
  std::shared_ptr<SocketSettings> Wanted() const {
    return std::make_shared<SocketSettings>(*settings_);
  }
  void AddPath(const std::string& path) {
    kernel_.files().PutDirectory("/run");
    SocketSettings::Listener listener;
    listener.kind = "ListenStream";
    listener.address = path;
    listener.spec.address = PathAddress{path};
    settings_->listeners.push_back(listener);
  }
  absl::Status Open() { return ports_.Open(settings_, Owner()); }
  bool Listens(const std::string& address) { return kernel_.ports().Find(address) != nullptr; }
  bool IsThere(const std::string& path) { return kernel_.files().Find(path) != nullptr; }

  sim::FakeKernel kernel_;
  EventLoop loop_{kernel_};
  std::shared_ptr<SocketSettings> settings_ =
      std::make_shared<SocketSettings>(*UnitName::Parse("web.service"));
  PortSet ports_{loop_, *this};
  const Fd* heard_ = nullptr;
};

TEST_F(PortSetTest, AFailedOpenClosesWhatItOpened) {
  AddTcp(80);
  AddTcp(81);
  kernel_.ports().Occupy("127.0.0.1:81");
  const absl::Status opened = Open();
  EXPECT_THAT(opened, FailsBecause("PORT_IN_USE"));
  EXPECT_THAT(opened, HasFact("address", "127.0.0.1:81"));
  EXPECT_EQ(ports_.size(), 0U);
  EXPECT_FALSE(Listens("127.0.0.1:80"));
}

TEST_F(PortSetTest, APortThatCannotBeHadAgainLeavesTheOthersOpen) {
  AddTcp(80);
  AddTcp(81);
  ASSERT_THAT(Open(), IsOk());
  ASSERT_TRUE(kernel_.ports().Break("127.0.0.1:81"));
  kernel_.ports().Occupy("127.0.0.1:81");
  EXPECT_THAT(ports_.Arm(Arming::kOnce), FailsBecause("PORT_IN_USE"));
  EXPECT_TRUE(Listens("127.0.0.1:80"));
  EXPECT_THAT(ports_.Lend(), SizeIs(1));

  kernel_.ports().Vacate("127.0.0.1:81");
  EXPECT_THAT(ports_.Arm(Arming::kOnce), IsOk());
  EXPECT_THAT(ports_.Lend(), SizeIs(2));
}

TEST_F(PortSetTest, OnlyWatchedPortsAreFound) {
  AddTcp(80);
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(ports_.Arm(Arming::kLevel), IsOk());
  EXPECT_EQ(ports_.armed(), 1U);
  ASSERT_THAT(kernel_.ports().Connect("127.0.0.1:80"), IsOk());
  loop_.Turn(Instant::Start());
  EXPECT_EQ(heard_, ports_.Lend()[0]);
  ports_.Disarm();
  EXPECT_EQ(ports_.armed(), 0U);
}

TEST_F(PortSetTest, WhatWasMadeIsRemovedWhereThatIsAsked) {
  AddPath("/run/web");
  settings_->remove_on_stop = true;
  settings_->symlinks = {"/run/other", "/none/other"};
  ASSERT_THAT(Open(), IsOk());
  EXPECT_TRUE(IsThere("/run/other"));
  ports_.Close();
  EXPECT_FALSE(IsThere("/run/web"));
  EXPECT_FALSE(IsThere("/run/other"));
}

TEST_F(PortSetTest, ALinkThatWasNotMadeIsNotRemoved) {
  AddPath("/run/web");
  AddTcp(80);
  kernel_.files().Put("/run/other", "somebody's");
  settings_->remove_on_stop = true;
  settings_->symlinks = {"/run/other"};
  kernel_.ports().Occupy("127.0.0.1:80");
  EXPECT_THAT(Open(), FailsBecause("PORT_IN_USE"));
  EXPECT_FALSE(IsThere("/run/web"));
  EXPECT_TRUE(IsThere("/run/other"));

  kernel_.ports().Vacate("127.0.0.1:80");
  kernel_.faults().FailNext(sim::Call::kMakeSymlink, EACCES);
  ASSERT_THAT(Open(), IsOk());
  ports_.Close();
  EXPECT_TRUE(IsThere("/run/other"));
}

TEST_F(PortSetTest, WithRemoveOnStopWhatIsInTheWayOfALinkIsReplaced) {
  AddPath("/run/web");
  settings_->symlinks = {"/run/other"};
  kernel_.files().Put("/run/other", "left behind");
  ASSERT_THAT(Open(), IsOk());
  EXPECT_EQ(kernel_.files().Find("/run/other")->text, "left behind");
  ports_.Close();

  settings_->remove_on_stop = true;
  ASSERT_THAT(Open(), IsOk());
  EXPECT_EQ(kernel_.files().Find("/run/other")->text, "/run/web");
}

TEST_F(PortSetTest, ALinkOfAnEarlierRunIsUsedAgain) {
  AddPath("/run/web");
  settings_->symlinks = {"/run/other"};
  settings_->remove_on_stop = true;
  kernel_.files().PutSymlink("/run/other", "/run/web");
  const uint64_t before = kernel_.files().Find("/run/other")->inode;
  ASSERT_THAT(Open(), IsOk());
  EXPECT_EQ(kernel_.files().Find("/run/other")->inode, before);
  ports_.Close();
  EXPECT_FALSE(IsThere("/run/other"));
}

TEST_F(PortSetTest, TheNodeOfSomebodyElseStaysWhenThePortIsLost) {
  AddPath("/run/web");
  settings_->remove_on_stop = true;
  ASSERT_THAT(Open(), IsOk());
  ASSERT_TRUE(kernel_.ports().Break("/run/web"));
  kernel_.files().Put("/run/web", "somebody's");
  EXPECT_FALSE(ports_.Arm(Arming::kOnce).ok());
  ports_.Close();
  EXPECT_TRUE(IsThere("/run/web"));
}

TEST_F(PortSetTest, WhatStaysKeepsItsDescriptorAndItsPlaceMayBeAnother) {
  AddTcp(80);
  AddTcp(81);
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(ports_.Arm(Arming::kOnce), IsOk());
  const int kept = ports_.port(1).fd.number();
  auto to = Wanted();
  to->listeners.erase(to->listeners.begin());
  AddTo(*to, 82);
  to->listeners[0].spec.backlog = 5;
  ASSERT_THAT(ports_.Prepare(to), IsOk());
  EXPECT_TRUE(Listens("127.0.0.1:82"));
  EXPECT_EQ(ports_.size(), 2U);
  ports_.Commit();
  EXPECT_EQ(ports_.port(0).fd.number(), kept);
  EXPECT_EQ(kernel_.ports().Find("127.0.0.1:81")->spec.backlog, 5U);
  EXPECT_FALSE(Listens("127.0.0.1:80"));
  EXPECT_EQ(ports_.armed(), 1U);
  EXPECT_EQ(ports_.settings()->listeners[1].address, "127.0.0.1:82");
}

TEST_F(PortSetTest, TwinsAtOneAddressStayTwo) {
  for (int i = 0; i < 2; ++i) {
    SocketSettings::Listener listener;
    listener.spec.type = ListenType::kNetlink;
    listener.spec.address = NetlinkAddress{2, 1};
    settings_->listeners.push_back(listener);
  }
  ASSERT_THAT(Open(), IsOk());
  const int second = ports_.port(1).fd.number();
  auto to = Wanted();
  to->listeners.push_back(to->listeners[0]);
  ASSERT_THAT(ports_.Prepare(to), IsOk());
  ports_.Commit();
  ASSERT_EQ(ports_.size(), 3U);
  EXPECT_EQ(ports_.port(1).fd.number(), second);
  EXPECT_NE(ports_.port(2).fd.number(), second);
}

TEST_F(PortSetTest, AChangeThatCannotBePreparedOrIsAbandonedLeavesNothing) {
  AddTcp(80);
  ASSERT_THAT(Open(), IsOk());
  kernel_.files().PutDirectory("/run");
  auto to = Wanted();
  SocketSettings::Listener path;
  path.spec.address = PathAddress{"/run/web"};
  to->listeners.push_back(path);
  ASSERT_THAT(ports_.Prepare(to), IsOk());
  EXPECT_TRUE(IsThere("/run/web"));
  ports_.Abandon();
  EXPECT_FALSE(IsThere("/run/web"));
  AddTo(*to, 81);
  kernel_.ports().Occupy("127.0.0.1:81");
  EXPECT_THAT(ports_.Prepare(to), FailsBecause("PORT_IN_USE"));
  EXPECT_EQ(ports_.failed(), 2U);
  EXPECT_FALSE(IsThere("/run/web"));
  EXPECT_TRUE(Listens("127.0.0.1:80"));
  EXPECT_EQ(ports_.size(), 1U);
}

TEST_F(PortSetTest, WhatOnlyANewPortCanHaveStaysAsItWas) {
  AddTcp(80);
  ASSERT_THAT(Open(), IsOk());
  auto to = Wanted();
  to->listeners[0].spec.options = {{SocketOption::kReusePort, 1, ""},
                                   {SocketOption::kTcpCongestion, 0, "nosuch"}};
  ASSERT_THAT(ports_.Prepare(to), IsOk());
  ports_.Commit();
  const auto& options = ports_.settings()->listeners[0].spec.options;
  ASSERT_THAT(options, SizeIs(1));
  EXPECT_EQ(options[0].option, SocketOption::kTcpCongestion);
  EXPECT_THAT(ports_.warnings(), SizeIs(1));  // and it was not obeyed
}

TEST_F(PortSetTest, OtherNamesFollowTheNode) {
  AddPath("/run/web");
  settings_->symlinks = {"/run/old", "/run/both"};
  ASSERT_THAT(Open(), IsOk());
  auto to = Wanted();
  to->symlinks = {"/run/both", "/run/new"};
  to->listeners[0].spec.address = PathAddress{"/run/other"};
  ASSERT_THAT(ports_.Prepare(to), IsOk());
  ports_.Commit();
  EXPECT_FALSE(IsThere("/run/old"));
  EXPECT_EQ(kernel_.files().Find("/run/both")->text, "/run/other");
  EXPECT_EQ(kernel_.files().Find("/run/new")->text, "/run/other");
}

}  // namespace
}  // namespace socketd
