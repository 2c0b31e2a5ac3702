// What a program finds when it is put into a keeper's place, and what it does not believe.
#include "server/keeper/origin.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <new>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

class OriginTest : public testing::Test {
 protected:
  void SetUp() override {
    number_ = memfd_create("baton", MFD_CLOEXEC);
    ASSERT_EQ(ftruncate(number_, sizeof(Baton)), 0);
    void* const memory =
        mmap(nullptr, sizeof(Baton), PROT_READ | PROT_WRITE, MAP_SHARED, number_, 0);
    ASSERT_NE(memory, MAP_FAILED);
    baton_ = new (memory) Baton;
  }
  void TearDown() override {
    munmap(baton_, sizeof(Baton));
    close(number_);
    unsetenv(Baton::kVariable);
  }
  static Origin FindWith(const std::string& value) {
    setenv(Baton::kVariable, value.c_str(), 1);
    return FindOrigin();
  }
  Origin Find() const { return FindWith(std::to_string(number_)); }

  int number_ = -1;
  Baton* baton_ = nullptr;
};

TEST_F(OriginTest, WithoutAVariableNobodyWasHere) {
  const Origin origin = FindOrigin();
  EXPECT_FALSE(origin.taken_over());
  EXPECT_EQ(origin.refused, nullptr);
  EXPECT_EQ(origin.program.view().substr(0, 1), "/");
  EXPECT_EQ(access(origin.program.bytes, X_OK), 0);
}

TEST_F(OriginTest, WhatWasLeftIsFoundAndTheVariableIsGone) {
  baton_->lock = 7;
  baton_->files_soft = 1024;
  baton_->home.Set("/sys/fs/cgroup/socketd-1");
  const Origin origin = Find();
  ASSERT_TRUE(origin.taken_over());
  EXPECT_EQ(origin.refused, nullptr);
  EXPECT_EQ(origin.number, number_);
  EXPECT_EQ(origin.legacy().lock, 7);
  EXPECT_EQ(origin.legacy().files_soft, 1024U);
  EXPECT_EQ(origin.legacy().home, "/sys/fs/cgroup/socketd-1");
  EXPECT_EQ(getenv(Baton::kVariable), nullptr);
}

TEST_F(OriginTest, AnotherLayoutIsRefused) {
  baton_->layout = Baton::kLayout + 1;
  EXPECT_THAT(Find().refused, testing::HasSubstr("newer"));
  baton_->layout = 0;
  EXPECT_NE(Find().refused, nullptr);
  baton_->layout = Baton::kLayout;
  baton_->magic = 1;
  EXPECT_THAT(Find().refused, testing::HasSubstr("no keeper's"));
  EXPECT_FALSE(Find().taken_over());
}

TEST_F(OriginTest, OlderMemoryIsMadeLarger) {
  ASSERT_EQ(ftruncate(number_, sizeof(Baton) - 4096), 0);
  EXPECT_TRUE(Find().taken_over());
  EXPECT_EQ(lseek(number_, 0, SEEK_END), static_cast<off_t>(sizeof(Baton)));
}

TEST_F(OriginTest, NonsenseIsNobody) {
  for (const char* value : {"", "x", "-1", "2", "7x", "99999999999999999999"}) {
    const Origin origin = FindWith(value);
    EXPECT_FALSE(origin.taken_over()) << value;
    EXPECT_EQ(origin.refused, nullptr) << value;
  }
  EXPECT_THAT(FindWith("999999").refused, testing::HasSubstr("cannot be had"));
}

TEST_F(OriginTest, OnTheWayBackTheProgramIsThatBefore) {
  baton_->program.Set("/usr/bin/before");
  EXPECT_NE(Find().program.view(), "/usr/bin/before");
  baton_->phase = Baton::kReturning;
  EXPECT_EQ(Find().program.view(), "/usr/bin/before");
}

}  // namespace
}  // namespace socketd
