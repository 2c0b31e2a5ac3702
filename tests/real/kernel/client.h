// The other side, for tests: a socket that connects, sends and reads, with time-outs of five
// seconds everywhere.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/base/socket_address.h"
#include "server/kernel/linux_abi.h"
#include "server/kernel/types.h"

namespace socketd {

class Client {
 public:
  // Stream; false: refused.
  bool Connect(const SocketAddress& address);
  bool ConnectPacket(const std::string& path);  // SOCK_SEQPACKET
  // A datagram to a path, with descriptors.
  bool SendTo(const std::string& path, const std::string& text, const std::vector<int>& fds = {});
  bool Send(const std::string& text, const std::vector<int>& fds = {});
  // Something into a FIFO, a netlink group or a message queue.
  bool Deliver(const ListenSpec& spec, const std::string& text);
  // What comes until the other side closes.
  std::string ReadAll();
  int number() const { return fd_.get(); }
  void Close() { fd_.reset(); }

 private:
  UniqueFd fd_;
};

// A pseudo-terminal without line editing: a character device that can be waited for.
class Terminal {
 public:
  Terminal();
  const std::string& path() const { return path_; }
  bool Write(const std::string& text);

 private:
  UniqueFd other_end_;
  UniqueFd keeps_it_raw_;
  std::string path_;
};

}  // namespace socketd
