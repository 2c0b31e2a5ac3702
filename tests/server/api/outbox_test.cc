#include "server/api/outbox.h"

#include <atomic>
#include <future>
#include <vector>

#include "gtest/gtest.h"

namespace socketd {
namespace {

TEST(OutboxTest, RunsInOrderOnAnotherThread) {
  std::vector<int> order;
  std::thread::id thread;
  {
    Outbox outbox([] {});
    for (int i = 0; i < 100; ++i)
      outbox.Post([&, i] {
        order.push_back(i);
        thread = std::this_thread::get_id();
      });
  }
  ASSERT_EQ(order.size(), 100U);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(order[i], i);
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(OutboxTest, ManyWakesAreOneWhileItIsBusy) {
  std::atomic<int> wakes{0};
  std::promise<void> busy;
  std::promise<void> go_on;
  {
    Outbox outbox([&wakes] { ++wakes; });
    outbox.Post([&] {
      busy.set_value();
      go_on.get_future().wait();
    });
    busy.get_future().wait();
    for (int i = 0; i < 50; ++i)
      outbox.Wake();
    // Comes after the wakes, so they have been seen when it runs.
    outbox.Post([] {});
    go_on.set_value();
  }
  EXPECT_EQ(wakes, 1);
}

TEST(OutboxTest, WhatComesAfterTheEndIsDropped) {
  bool ran = false;
  Outbox outbox([] {});
  outbox.Close();
  outbox.Post([&ran] { ran = true; });
  outbox.Close();
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace socketd
