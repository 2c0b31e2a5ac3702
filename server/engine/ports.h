// The listening descriptors of one socket unit, in file order. They are opened all or nothing,
// watched only while a Traffic wait lives, lent to services and never given away, and closed with
// what they left in the file system if the unit says so. Owned by the socket unit; engine thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "server/engine/definition.h"
#include "server/kernel/types.h"
#include "server/loop/event_loop.h"

namespace socketd {

class PortSet {
 public:
  // `subscriber` hears of traffic.
  PortSet(EventLoop& loop, Subscriber& subscriber) : loop_(loop), subscriber_(subscriber) {}
  ~PortSet() { Disarm(); }
  PortSet(const PortSet&) = delete;
  PortSet& operator=(const PortSet&) = delete;

  // Opens every port of `settings`, unless they are open; a failure closes those opened here.
  // `owner` is what SocketUser= and SocketGroup= stand for.
  absl::Status Open(const std::shared_ptr<const SocketSettings>& settings, const Owner& owner);
  // Which port the last Open that failed could not open.
  size_t failed() const { return failed_; }
  void Close();

  // Puts ports back in order that services have had their hands on, and watches all of them. One
  // that cannot be had again leaves the others as they are.
  absl::Status Arm(Arming arming);
  void Disarm();

  // Drops what is queued at all of them; how much that was.
  size_t Flush();

  // Identities of what waits at all of them (Kernel::Queued), sorted.
  std::vector<uint64_t> Queued() const;

  // The port that `event` is about; null: none of these.
  const Fd* Find(const Event& event) const;

  // Which of them `port` is.
  size_t IndexOf(const Fd& port) const;

  size_t size() const { return ports_.size(); }
  size_t armed() const { return armed_; }
  const Port& port(size_t index) const { return ports_[index].port; }
  std::vector<const Fd*> Lend() const;
  // What was not obeyed when they were opened.
  const std::vector<std::string>& warnings() const { return warnings_; }
  // What SocketUser= and SocketGroup= stood for when they were opened.
  const Owner& owner() const { return owner_; }

 private:
  struct Opened {
    Port port;
    Subscription subscription;
    bool armed = false;
  };
  absl::StatusOr<Opened> OpenOne(size_t index);
  absl::Status Restore(size_t index);
  void DisarmOne(Opened& opened);
  void MakeSymlinks();
  void Warn(const std::string& link, const absl::Status& failure);
  absl::Status MakeSymlink(const std::string& target, const std::string& link);
  void RemoveNodes();
  void RemoveNode(const ListenSpec& spec, uint64_t node);

  EventLoop& loop_;
  Subscriber& subscriber_;
  std::shared_ptr<const SocketSettings> settings_;
  Owner owner_;
  std::vector<Opened> ports_;
  std::vector<std::string> links_;  // other names of the node that were made
  std::vector<std::string> warnings_;
  size_t failed_ = 0;
  size_t armed_ = 0;
};

}  // namespace socketd
