#include "server/unit/overlay_files.h"

#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// One folder with two files.
class Below final : public UnitFiles {
 public:
  absl::StatusOr<std::string> Read(const std::string& path) override { return "below " + path; }
  std::string StampOf(const std::string& path) override { return "stamp of " + path; }
  absl::StatusOr<std::vector<Entry>> List(const std::string& directory) override {
    if (directory != "/units") return absl::NotFoundError(directory);
    return std::vector<Entry>{{"a.service", false, false, ""},
                              {"b.service", false, true, "/dev/null"}};
  }
};

std::vector<std::string> NamesIn(OverlayFiles& files, const std::string& folder) {
  std::vector<std::string> names;
  const auto entries = files.List(folder);
  if (!entries.ok()) return {std::string(entries.status().message())};
  for (const UnitFiles::Entry& entry : *entries)
    names.push_back(entry.is_symlink ? entry.name + " -> " + entry.target : entry.name);
  return names;
}

TEST(OverlayFilesTest, WhatIsWrittenIsThereAndTheRestIsBelow) {
  Below below;
  OverlayFiles files(below);
  files.Write("/units/c.service", "new");
  files.Write("/units/b.service", "no link any more");
  EXPECT_EQ(*files.Read("/units/c.service"), "new");
  EXPECT_EQ(*files.Read("/units/a.service"), "below /units/a.service");
  EXPECT_EQ(files.StampOf("/units/a.service"), "stamp of /units/a.service");
  EXPECT_NE(files.StampOf("/units/c.service"), "");
  EXPECT_THAT(NamesIn(files, "/units"), ElementsAre("a.service", "b.service", "c.service"));
}

TEST(OverlayFilesTest, WhatIsRemovedIsNotThere) {
  Below below;
  OverlayFiles files(below);
  files.Remove("/units/a.service");
  EXPECT_TRUE(absl::IsNotFound(files.Read("/units/a.service").status()));
  EXPECT_EQ(files.StampOf("/units/a.service"), "");
  EXPECT_THAT(NamesIn(files, "/units"), ElementsAre("b.service -> /dev/null"));
}

TEST(OverlayFilesTest, AFolderIsMadeWithItsFirstFile) {
  Below below;
  OverlayFiles files(below);
  files.Remove("/new/a.service");
  EXPECT_THAT(NamesIn(files, "/new"), ElementsAre("/new"));
  files.Write("/new/b.service", "text");
  EXPECT_THAT(NamesIn(files, "/new"), ElementsAre("b.service"));
}

}  // namespace
}  // namespace socketd
