// Folders that were given up, emptied bit by bit: each helping looks at a handful of names, so that
// a tree of any size and depth cannot hold the loop. What is in a tree belongs to somebody who may
// work against us: no link is followed, no mount entered, and never more than two of its folders
// are open. Engine thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_set>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "server/kernel/linux_abi.h"
#include "server/kernel/linux_node.h"

namespace socketd {

class Trees {
 public:
  Trees() = default;
  Trees(const Trees&) = delete;
  Trees& operator=(const Trees&) = delete;
  // Ends what was begun.
  ~Trees();

  // As Kernel::RemoveTree. A folder that is not empty is renamed beside itself at once.
  absl::Status Remove(const std::string& path);

  bool empty() const { return trees_.empty(); }
  // One helping of the oldest tree.
  void Work();

 private:
  // An open folder of a tree.
  struct Folder {
    UniqueFd fd;
    std::string name;       // in the folder above
    bool progress = false;  // something went since it was last read from its start
  };
  struct Tree {
    NodePlace place;                        // where it was
    Folder top;                             // under its new name
    Folder inner;                           // one of those in it; closed: none
    std::unordered_set<std::string> stuck;  // names in `top` that cannot be removed
    uint64_t moved = 0;                     // folders taken up into `top`
    size_t helpings = 0;
  };

  static bool Read(Tree& tree, Folder& folder);
  static bool Take(Tree& tree, Folder& folder, const char* name);
  static bool TakeFolder(Tree& tree, Folder& folder, const char* name);
  static void EndInner(Tree& tree);
  static bool EndTop(Tree& tree);
  static void Left(const Tree& tree, int error);

  std::deque<Tree> trees_;
  uint64_t made_ = 0;  // names that were made up
};

}  // namespace socketd
