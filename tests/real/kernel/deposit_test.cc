// Bags: what is put into them outlives every number it had, and what is taken out is gone at once.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/errors.h"
#include "server/kernel/linux_deposit.h"

namespace socketd {
namespace {

UniqueFd ListenAnywhere() {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(listen(fd.get(), 8), 0);
  return fd;
}

sockaddr_in AddressOf(const UniqueFd& fd) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  EXPECT_EQ(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  return address;
}

bool Accepts(const sockaddr_in& address) {
  const UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

class DepositTest : public ::testing::Test {
 protected:
  // Whoever is above: it has copies, as FDSTORE=1 makes them.
  absl::Status Give(const UniqueFd& bag) {
    above_.emplace_back(fcntl(bag.get(), F_DUPFD_CLOEXEC, 3));
    return absl::OkStatus();
  }
  // The ports of all that is above; it is all there the next time as well.
  std::set<uint16_t> TakeBack() {
    std::set<uint16_t> ports;
    for (const UniqueFd& bag : above_)
      for (const Deposit::Item& item : Deposit::Look(bag.get()))
        ports.insert(AddressOf(item.fd).sin_port);
    return ports;
  }

  std::vector<UniqueFd> above_;
  std::unique_ptr<Deposit> deposit_ =
      std::make_unique<Deposit>([this](const UniqueFd& bag) { return Give(bag); });
};

TEST_F(DepositTest, WhatIsHeldOutlivesAllThatWasOpenHere) {
  constexpr size_t kPorts = 200;
  std::set<uint16_t> expected;
  std::vector<UniqueFd> listeners;
  for (size_t i = 0; i < kPorts; ++i) {
    listeners.push_back(ListenAnywhere());
    expected.insert(AddressOf(listeners.back()).sin_port);
    deposit_->Add(listeners.back().get());
  }
  const sockaddr_in one = AddressOf(listeners.front());
  listeners.clear();
  deposit_.reset();
  EXPECT_TRUE(Accepts(one));
  EXPECT_EQ(above_.size(), (kPorts + Deposit::kBagSize - 1) / Deposit::kBagSize);
  EXPECT_EQ(TakeBack(), expected);
  EXPECT_EQ(TakeBack(), expected);
  EXPECT_TRUE(Accepts(one));
  above_.clear();
  EXPECT_FALSE(Accepts(one));
}

TEST_F(DepositTest, WhatIsRemovedIsClosedAtOnceAndTheOthersStay) {
  std::vector<UniqueFd> listeners;
  for (size_t i = 0; i < Deposit::kBagSize; ++i) {
    listeners.push_back(ListenAnywhere());
    deposit_->Add(listeners.back().get());
  }
  for (size_t i = 0; i < listeners.size(); i += 2) {
    const sockaddr_in address = AddressOf(listeners[i]);
    deposit_->Remove(listeners[i].get());
    listeners[i].reset();
    EXPECT_FALSE(Accepts(address)) << i;
  }
  std::set<uint16_t> expected;
  for (size_t i = 1; i < listeners.size(); i += 2)
    expected.insert(AddressOf(listeners[i]).sin_port);
  // What became free is filled again before another bag is made.
  for (size_t i = 0; i < listeners.size(); i += 2) {
    listeners[i] = ListenAnywhere();
    expected.insert(AddressOf(listeners[i]).sin_port);
    deposit_->Add(listeners[i].get());
  }
  EXPECT_EQ(above_.size(), 1U);
  deposit_.reset();
  EXPECT_EQ(TakeBack(), expected);
}

TEST_F(DepositTest, ANumberIsHeldOnceAndStrangersAreLeftAlone) {
  const UniqueFd listener = ListenAnywhere();
  deposit_->Add(listener.get());
  deposit_->Add(listener.get());
  deposit_->Remove(listener.get() + 1);
  ASSERT_EQ(above_.size(), 1U);
  EXPECT_EQ(Deposit::Look(above_.front().get()).size(), 1U);
}

TEST_F(DepositTest, AnIdComesBackWithItsDescriptor) {
  const UniqueFd one = ListenAnywhere();
  const UniqueFd two = ListenAnywhere();
  const UniqueFd three = ListenAnywhere();
  deposit_->Add(one.get(), 17);
  deposit_->Add(two.get());
  deposit_->Add(three.get(), 4711);
  deposit_->Remove(one.get());
  ASSERT_EQ(above_.size(), 1U);
  const std::vector<Deposit::Item> items = Deposit::Look(above_.front().get());
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].id, 0U);
  EXPECT_EQ(items[1].id, 4711U);
  EXPECT_EQ(AddressOf(items[1].fd).sin_port, AddressOf(three).sin_port);
}

TEST_F(DepositTest, WithNobodyAboveNothingIsHeld) {
  Deposit none(nullptr);
  const UniqueFd listener = ListenAnywhere();
  const sockaddr_in address = AddressOf(listener);
  none.Add(listener.get());
  none.Remove(listener.get());
  EXPECT_FALSE(none.open());
  EXPECT_TRUE(Accepts(address));
}

TEST_F(DepositTest, ABagThatNobodyTakesIsNoBag) {
  bool takes = false;
  const auto give = [&](const UniqueFd& bag) {
    return takes ? Give(bag) : SystemError(ECONNREFUSED, "sendmsg");
  };
  Deposit picky(give, absl::ZeroDuration());
  const UniqueFd listener = ListenAnywhere();
  picky.Add(listener.get());
  EXPECT_TRUE(above_.empty());
  takes = true;
  const UniqueFd another = ListenAnywhere();
  picky.Add(another.get());
  ASSERT_EQ(above_.size(), 1U);
  EXPECT_EQ(Deposit::Look(above_.front().get()).size(), 2U);
}

}  // namespace
}  // namespace socketd
