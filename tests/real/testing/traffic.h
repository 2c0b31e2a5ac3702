// Clients of the services under test: connect, say something, read the answer. Every wait is
// bounded by 20 s.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace socketd::real {

// A connection to "/path", "@abstract" or "127.0.0.1:port", closed with the object.
class Conversation {
 public:
  static absl::StatusOr<Conversation> Open(const std::string& address);
  // SOCK_SEQPACKET to a path, from which packets with descriptors can come.
  static absl::StatusOr<Conversation> OpenPackets(const std::string& path);
  Conversation(Conversation&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Conversation& operator=(Conversation&&) = delete;
  ~Conversation();

  bool Say(absl::string_view text) const;
  // What comes next, at most 64 KiB; empty at the end or after 20 s.
  std::string Hear() const;
  // Everything up to the end.
  std::string HearAll() const;
  // One packet with the descriptors that came along; the caller closes them.
  struct Parcel {
    std::string data;
    std::vector<int> fds;
  };
  Parcel HearParcel() const;
  // No more from us: the other side reads an end.
  void Close() const;
  int fd() const { return fd_; }

 private:
  explicit Conversation(int fd) : fd_(fd) {}
  int fd_;
};

// Opens, says `text`, says no more, reads all of the answer. Empty if any of it fails.
std::string Ask(const std::string& address, absl::string_view text);

// A TCP port of 127.0.0.1 that nobody had a moment ago.
int FreePort();

}  // namespace socketd::real
