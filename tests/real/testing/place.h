// Private folders of one test: everything a daemon under test reads and writes is below one folder
// of /tmp with a short name, so that paths fit into socket addresses. The folder is open to all for
// reading, because daemons of other users work in it too. It is removed with the object.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace socketd::real {

class Place {
 public:
  Place();
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  const std::string& root() const { return root_; }
  std::string units() const { return root_ + "/units"; }
  std::string run() const { return root_ + "/run"; }
  std::string state() const { return root_ + "/state"; }

  // Writes `text` to `name` below the root, making folders on the way; gives the full path.
  std::string Write(absl::string_view name, absl::string_view text) const;
  // A unit file, or a drop-in as "web.socket.d/port.conf".
  std::string WriteUnit(absl::string_view name, absl::string_view text) const;
  // Copies an example of deploy/units.
  std::string CopyExample(const std::string& name) const;
  // Gives all of it to a user and its group.
  void GiveTo(unsigned uid) const;

 private:
  std::string root_;
};

// The whole text of a file; empty if there is none.
std::string FileText(const std::string& path);

}  // namespace socketd::real
