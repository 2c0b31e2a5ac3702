// How many connections each source has at once, for MaxConnectionsPerSource=. A source is a network
// of IP addresses, a CID of vsock(7), or a user at the other end of a unix socket. Engine thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"

#include "server/kernel/types.h"

namespace socketd {

struct SourceLimit {
  uint32_t connections = 0;  // 0: no limit
  uint32_t ipv4_prefix = 32;
  uint32_t ipv6_prefix = 64;
  friend bool operator==(const SourceLimit&, const SourceLimit&) = default;
};

// Who is at the other end, as `limit` tells sources apart: equal texts are one source. An IPv6
// address that maps an IPv4 one (RFC 4291, 2.5.5.2) is that one; a link-local one (2.5.6) always
// counts by itself, with its link, since all hosts of a link share that prefix.
std::string SourceOf(const Connection& connection, const SourceLimit& limit);

class Sources {
 public:
  // One connection of a source; it counts as long as this lives, which may be longer than the
  // Sources do.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept
        : counts_(std::move(other.counts_)), source_(std::move(other.source_)) {}
    Hold& operator=(Hold&& other) noexcept {
      std::swap(counts_, other.counts_);
      std::swap(source_, other.source_);
      return *this;
    }
    ~Hold();
    const std::string& source() const { return source_; }

   private:
    friend class Sources;
    using Counts = absl::flat_hash_map<std::string, uint32_t>;
    Hold(std::shared_ptr<Counts> counts, std::string source)
        : counts_(std::move(counts)), source_(std::move(source)) {}

    std::shared_ptr<Counts> counts_;
    std::string source_;
  };

  // How many holds of `source` live.
  uint32_t Count(const std::string& source) const;
  Hold Take(std::string source);

 private:
  std::shared_ptr<Hold::Counts> counts_ = std::make_shared<Hold::Counts>();
};

}  // namespace socketd
