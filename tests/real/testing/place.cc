#include "tests/real/testing/place.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace socketd::real {

namespace fs = std::filesystem;

Place::Place() {
  std::string name = "/tmp/sdXXXXXX";
  if (mkdtemp(name.data()) == nullptr) return;
  root_ = name;
  if (chmod(name.c_str(), 0755) != 0) return;
  for (const std::string& folder : {units(), run(), state()})
    fs::create_directories(folder);
}

Place::~Place() {
  std::error_code ignored;
  if (!root_.empty()) fs::remove_all(root_, ignored);
}

std::string Place::Write(absl::string_view name, absl::string_view text) const {
  const fs::path path = fs::path(root_) / fs::path(std::string(name));
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
  return path.string();
}

std::string Place::WriteUnit(absl::string_view name, absl::string_view text) const {
  return Write(absl::StrCat("units/", name), text);
}

std::string Place::CopyExample(const std::string& name) const {
  return WriteUnit(name, FileText("deploy/units/" + name));
}

void Place::GiveTo(unsigned uid) const {
  for (const auto& entry : fs::recursive_directory_iterator(root_)) {
    if (lchown(entry.path().c_str(), uid, uid) != 0) return;
  }
  if (chown(root_.c_str(), uid, uid) != 0) return;
}

std::string FileText(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace socketd::real
