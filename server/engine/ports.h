// The listening descriptors of one socket unit, in file order. They are opened all or nothing,
// watched only while a Traffic wait lives, lent to services and never given away, and closed with
// what they left in the file system if the unit says so. Owned by the socket unit; engine thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/engine/definition.h"
#include "server/engine/rate_limit.h"
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

  // Opens every port of `settings`, unless they are open; a failure closes those opened here. With
  // X-PartialListen= one port is enough. `owner` is what SocketUser= and SocketGroup= stand for.
  // `before` are the port numbers of a daemon before, whose ports go on: one of them is enough too,
  // and where a listener leaves its number to the kernel, it gets the one that it had.
  absl::Status Open(const std::shared_ptr<const SocketSettings>& settings,
                    const Owner& owner,
                    absl::Span<const uint32_t> before = {});
  // Which port the last Open that failed could not open.
  size_t failed() const { return failed_; }
  void Close();

  // ---- while they are open (ports_change.cc) ----

  // Opens what `to` has and nobody of these listens on yet, beside what is open. After a failure
  // all is as it was, and failed() says which of `to` it was. Ends with Commit or Abandon.
  absl::Status Prepare(const std::shared_ptr<const SocketSettings>& to);
  // What was prepared counts: what stays is set and never closed, what is gone is closed, what is
  // new is not watched yet. Cannot fail: an option that is refused is a warning.
  void Commit();
  void Abandon();
  // As they were opened or changed; a port keeps what only a new one could have otherwise.
  const std::shared_ptr<const SocketSettings>& settings() const { return settings_; }

  // Puts ports back in order that services have had their hands on, and watches all of them. One
  // that cannot be had again leaves the others as they are.
  absl::Status Arm(Arming arming);
  void Disarm();

  // How many are not open, and opens those that can be had by now.
  size_t missing() const;
  void OpenMissing();

  // Drops what is queued at all of them; how much that was.
  size_t Flush();

  // Identities of what waits at all of them (Kernel::Queued), sorted.
  std::vector<uint64_t> Queued() const;

  // The port that `event` is about; null: none of these.
  const Fd* Find(const Event& event) const;

  // Which of them `port` is.
  size_t IndexOf(const Fd& port) const;

  // What PollLimit= has counted at one of them.
  RateWindow& polls(size_t index) { return ports_[index].polls; }
  // Leaves one unwatched until they are armed again.
  void Disarm(size_t index) { DisarmOne(ports_[index]); }

  size_t size() const { return ports_.size(); }
  size_t armed() const { return armed_; }
  const Port& port(size_t index) const { return ports_[index].port; }
  std::vector<const Fd*> Lend() const;
  // What was not obeyed when they were opened.
  std::vector<std::string> warnings() const;
  // What SocketUser= and SocketGroup= stood for when they were opened.
  const Owner& owner() const { return owner_; }

 private:
  struct Opened {
    Port port;
    Subscription subscription;
    RateWindow polls;
    std::vector<std::string> repairs;  // what was said of it already, once each
    std::string why_missing;           // of one that is not open
    bool armed = false;
  };
  // What Commit will make of the ports.
  struct Next {
    std::shared_ptr<const SocketSettings> settings;
    std::vector<std::optional<size_t>> from;  // which of the present ports goes on; none: a new one
    std::vector<Opened> opened;               // the new ones, at their places
  };
  absl::StatusOr<Opened> OpenOne(const ListenSpec& wanted);
  Opened TakeOver(size_t index, const ListenSpec& wanted, ListenSpec& result);
  static const std::string* NodeOf(const SocketSettings& settings);
  absl::Status Restore(size_t index);
  absl::Status OpenAgain(size_t index);
  static std::shared_ptr<const SocketSettings> Lenient(const SocketSettings& settings);
  static Opened Missing(const absl::Status& why);
  void Report(size_t index, absl::string_view what);
  void DisarmOne(Opened& opened);
  void MakeSymlinks();
  void Warn(const std::string& link, const absl::Status& failure);
  absl::Status MakeSymlink(const std::string& target, const std::string& link);
  void RemoveNodes();
  void RemoveSymlinks();
  void RemoveNode(const ListenSpec& spec, uint64_t node);

  EventLoop& loop_;
  Subscriber& subscriber_;
  std::shared_ptr<const SocketSettings> settings_;
  Owner owner_;
  std::vector<Opened> ports_;
  std::vector<std::string> links_;  // other names of the node that were made
  std::vector<std::string> link_warnings_;
  std::optional<Next> next_;
  size_t failed_ = 0;
  size_t armed_ = 0;
};

}  // namespace socketd
