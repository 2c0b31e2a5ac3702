// The descriptors that a service has left with us, to get them back when it is started again:
// FileDescriptorStoreMax= of systemd.service(5). What hangs up goes by itself, unless the service
// wanted otherwise. Owned by its service; engine thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "server/engine/remembered.pb.h"
#include "server/kernel/kernel.h"
#include "server/loop/event_loop.h"
#include "server/unit/snapshot.h"

namespace socketd {

class FdStore {
 public:
  // `unit` is for the log. `changed`: one is gone by itself.
  FdStore(EventLoop& loop, std::string unit, std::function<void()> changed);
  ~FdStore();
  FdStore(const FdStore&) = delete;
  FdStore& operator=(const FdStore&) = delete;

  struct Offer {
    std::vector<Fd> fds;
    std::string name;  // of all of them
    bool watched = true;
    size_t most = 0;  // that the store may hold
  };
  // Those that were closed as there was no room, and why the first one was.
  struct Refused {
    size_t count = 0;
    absl::Status why;
  };
  // Takes what is not there yet, and closes the rest.
  Refused Add(Offer offer);
  // All of that name.
  void Remove(absl::string_view name);
  void Clear();

  bool empty() const { return stored_.empty(); }
  size_t size() const { return stored_.size(); }

  struct Lent {
    std::vector<const Fd*> fds;  // valid until the turn ends
    std::vector<std::string> names;
  };
  // The newest first; those that came together in the order in which they were sent.
  Lent Lend() const;
  std::shared_ptr<const std::vector<StoredDescriptor>> Show() const;

  void Remember(remembered::Service& record) const;
  // Takes what the daemon before had; what has gone meanwhile is left out.
  void Recall(const remembered::Service& record);

 private:
  struct Stored;
  using Place = std::vector<std::unique_ptr<Stored>>::iterator;

  // Where it is, or where it would be.
  Place Find(const Fd& fd);
  absl::Status Put(Place place, std::unique_ptr<Stored> stored);
  void OnHangUp(const Stored& stored);
  std::vector<const Stored*> NewestFirst() const;

  EventLoop& loop_;
  const std::string unit_;
  const std::function<void()> changed_;
  std::vector<std::unique_ptr<Stored>> stored_;  // in the order of Kernel::Compare
  uint64_t next_age_ = 1;
  mutable std::shared_ptr<const std::vector<StoredDescriptor>> shown_;  // null: not made
};

}  // namespace socketd
