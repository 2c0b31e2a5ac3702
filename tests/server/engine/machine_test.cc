#include "server/engine/machine.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/engine/service_machine.h"
#include "server/engine/socket_machine.h"

namespace socketd {
namespace {

// The proofs are constexpr, so that a damaged table does not compile; here damaged copies show that
// they can fail.

SocketRow& Row(Table<SocketRow>& table, SocketState state) {
  return table[IndexOf(state)];
}
ServiceRow& Row(Table<ServiceRow>& table, ServiceState state) {
  return table[IndexOf(state)];
}

TEST(SocketMachine, IsProven) {
  EXPECT_TRUE(Proven(kSocketMachine));
}

TEST(SocketMachine, RefusesARowTwice) {
  auto table = kSocketMachine;
  Row(table, SocketState::kStopPost) = Row(table, SocketState::kStopPre);
  EXPECT_FALSE(RowsInOrder(table));
}

TEST(SocketMachine, RefusesAForgottenTimeout) {
  auto table = kSocketMachine;
  Row(table, SocketState::kStopTerm).late = SocketState::kNever;
  EXPECT_FALSE(CellsFitTheirAwait(table));
}

TEST(SocketMachine, RefusesATimeoutOfTraffic) {
  auto table = kSocketMachine;
  Row(table, SocketState::kListening).late = SocketState::kStopPre;
  EXPECT_FALSE(CellsFitTheirAwait(table));
}

TEST(SocketMachine, RefusesALoopOfKills) {
  auto table = kSocketMachine;
  Row(table, SocketState::kFinalKill).late = SocketState::kFinalTerm;
  EXPECT_FALSE(EveryStopSettles(table));
}

TEST(SocketMachine, RefusesAStopThatListensAgain) {
  auto table = kSocketMachine;
  Row(table, SocketState::kStopPre).done = SocketState::kListening;
  EXPECT_FALSE(EveryStopSettles(table));
}

TEST(SocketMachine, RefusesToListenOnShutPorts) {
  auto table = kSocketMachine;
  Row(table, SocketState::kListening).ports = Ports::kShut;
  EXPECT_FALSE(PortsFitTheirAwait(table));
}

TEST(SocketMachine, RefusesPortsThatAreKeptAtRest) {
  auto table = kSocketMachine;
  Row(table, SocketState::kDead).ports = Ports::kKept;
  EXPECT_FALSE(PortsFitTheirAwait(table));
}

TEST(SocketMachine, RefusesPortsThatAreKeptForTheLastCommands) {
  auto table = kSocketMachine;
  Row(table, SocketState::kStopPost).ports = Ports::kKept;
  EXPECT_FALSE(PortsFitTheirAwait(table));
}

TEST(SocketMachine, RefusesToKeepPortsThatWereNeverOpened) {
  for (const SocketState state :
       {SocketState::kStartPre, SocketState::kFinalTerm, SocketState::kFinalKill}) {
    auto table = kSocketMachine;
    Row(table, state).ports = Ports::kKept;
    EXPECT_FALSE(KeptPortsWereOpened(table)) << NameOf(state);
  }
}

TEST(SocketMachine, RefusesToDropWhoIsQueuedWhileItCoolsDown) {
  auto table = kSocketMachine;
  Row(table, SocketState::kCooling).ports = Ports::kShut;
  EXPECT_FALSE(PortsFitTheirAwait(table));
}

TEST(SocketMachine, RefusesAPauseThatListens) {
  auto table = kSocketMachine;
  Row(table, SocketState::kRunning).pause = SocketState::kListening;
  EXPECT_FALSE(PausesFit(table));
}

TEST(SocketMachine, RefusesAForgottenLimit) {
  auto table = kSocketMachine;
  Row(table, SocketState::kListening).over = SocketState::kNever;
  EXPECT_FALSE(CellsFitTheirAwait(table));
}

TEST(SocketMachine, RefusesAStateThatCannotBeStopped) {
  auto table = kSocketMachine;
  Row(table, SocketState::kRunning).stop = SocketState::kNever;
  EXPECT_FALSE(EveryStateCanStop(table));
}

TEST(SocketMachine, RefusesAStateThatNothingLeadsTo) {
  auto table = kSocketMachine;
  Row(table, SocketState::kListening).done = SocketState::kListening;
  EXPECT_FALSE(EveryStateReachable(table));
}

TEST(SocketMachine, SeesOnlyMovesOfTheTable) {
  using enum SocketState;
  EXPECT_TRUE(Leads(kSocketMachine, kDead, kStartPre));
  EXPECT_TRUE(Leads(kSocketMachine, kDead, kStartOpen)) << "without ExecStartPre=";
  EXPECT_TRUE(Leads(kSocketMachine, kListening, kRunning));
  EXPECT_TRUE(Leads(kSocketMachine, kListening, kDead)) << "a stop without commands";
  EXPECT_TRUE(Leads(kSocketMachine, kListening, kCooling));
  EXPECT_FALSE(Leads(kSocketMachine, kCooling, kRunning)) << "it listens before";
  EXPECT_TRUE(Leads(kSocketMachine, kFailed, kDead));
  EXPECT_FALSE(Leads(kSocketMachine, kDead, kListening)) << "start-open is always shown";
  EXPECT_FALSE(Leads(kSocketMachine, kDead, kStopPre)) << "nothing goes from rest to stopping";
  EXPECT_FALSE(Leads(kSocketMachine, kFinalTerm, kStopPost));
}

TEST(ServiceMachine, IsProven) {
  EXPECT_TRUE(Proven(kServiceMachine));
}

TEST(ServiceMachine, RefusesAStopThatRestartsForEver) {
  auto table = kServiceMachine;
  Row(table, ServiceState::kAutoRestart).skip = ServiceState::kStartPre;
  EXPECT_FALSE(EveryStopSettles(table));
}

TEST(ServiceMachine, RefusesAReloadOfWhatIsNotActive) {
  auto table = kServiceMachine;
  Row(table, ServiceState::kStartPost).reload = ServiceState::kReload;
  EXPECT_FALSE(ReloadsFit(table));
}

TEST(ServiceMachine, RefusesAReloadThatIsSkipped) {
  auto table = kServiceMachine;
  Row(table, ServiceState::kReload).skip = ServiceState::kRunning;
  EXPECT_FALSE(CellsFitTheirAwait(table));
}

TEST(ServiceMachine, RefusesARestartWithoutEnd) {
  auto table = kServiceMachine;
  Row(table, ServiceState::kAutoRestart).late = ServiceState::kDead;
  EXPECT_FALSE(CellsFitTheirAwait(table));
}

TEST(ServiceMachine, ShowsTheStartBeforeItIsLeft) {
  using enum ServiceState;
  EXPECT_TRUE(Leads(kServiceMachine, kDead, kStart));
  EXPECT_FALSE(Leads(kServiceMachine, kDead, kStopPost));
  EXPECT_TRUE(Leads(kServiceMachine, kStart, kDead)) << "a oneshot that ended well";
}

// Every cell of every row, changed to every other state: the proofs catch what cannot stop, hangs
// or is never reached; what they let pass is another machine, which the scenarios tell apart.
TEST(SocketMachine, NoSingleSlipMakesAStopEndless) {
  int refused = 0;
  for (size_t row = 0; row < kSocketMachine.size(); ++row) {
    for (size_t to = 0; to <= kSocketMachine.size(); ++to) {
      auto table = kSocketMachine;
      table[row].late = static_cast<SocketState>(to);
      if (!Proven(table)) ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace socketd
