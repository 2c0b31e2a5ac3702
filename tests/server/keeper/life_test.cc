#include "server/keeper/life.h"

#include <signal.h>

#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

TEST(Endings, TheOldestAreForgottenAndCounted) {
  const auto endings = std::make_unique<Endings>();
  for (int i = 1; i <= 5000; ++i)
    endings->Add({.pid = i, .code = CLD_EXITED, .status = 0, .born = static_cast<uint64_t>(i)});
  Ending found;
  EXPECT_TRUE(endings->Find(5000, 5000, found));
  EXPECT_TRUE(endings->Find(905, 905, found));
  EXPECT_FALSE(endings->Find(904, 904, found));
  EXPECT_FALSE(endings->Find(5000, 4999, found)) << "another process of this number";
  EXPECT_EQ(endings->lost(), 904U);
}

TEST(Numbers, AreKeptInTheirOrder) {
  const auto numbers = std::make_unique<Numbers>();
  for (const int number : {70, 3, Numbers::kMost - 1, Numbers::kMost, -1, 64})
    numbers->Add(number);
  numbers->Remove(64);
  numbers->Remove(-1);
  std::vector<int> found;
  numbers->ForEach([&found](int number) { found.push_back(number); });
  EXPECT_THAT(found, testing::ElementsAre(3, 70, Numbers::kMost - 1));
  EXPECT_FALSE(numbers->Has(Numbers::kMost));
  numbers->Clear();
  EXPECT_FALSE(numbers->Has(3));
}

}  // namespace
}  // namespace socketd
