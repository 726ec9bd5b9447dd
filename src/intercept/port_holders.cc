#include "intercept/port_holders.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <utility>

#include "base/netlink.h"

namespace weir {
namespace {

constexpr std::size_t max_named = 3;

struct Found {
  PortHolder holder;
  std::uint32_t inode = 0;
};

Endpoint endpoint_of(std::uint8_t family, const __be32* address, __be16 port) {
  sockaddr_storage raw{};
  if (family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = port;
    std::memcpy(&v4.sin_addr, address, sizeof v4.sin_addr);
    std::memcpy(&raw, &v4, sizeof v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = port;
    std::memcpy(&v6.sin6_addr, address, sizeof v6.sin6_addr);
    std::memcpy(&raw, &v6, sizeof v6);
  }
  return Endpoint::from(raw);
}

void add_of_family(std::uint8_t family, Port port, Protocol protocol, std::vector<Found>& out) {
  const auto socket = netlink::open(NETLINK_SOCK_DIAG);
  if (!socket) {
    return;
  }
  inet_diag_req_v2 query{};
  query.sdiag_family = family;
  query.sdiag_protocol = protocol == Protocol::tcp ? IPPROTO_TCP : IPPROTO_UDP;
  query.idiag_states = UINT32_MAX;
  const auto each = [&](netlink::Bytes message) {
    const auto one = netlink::body_as<inet_diag_msg>(message);
    if (!one || ntohs(one->id.idiag_sport) != port) {
      return;
    }
    Found found;
    found.inode = one->idiag_inode;
    found.holder.protocol = protocol;
    found.holder.local = endpoint_of(family, one->id.idiag_src, one->id.idiag_sport);
    found.holder.remote = endpoint_of(family, one->id.idiag_dst, one->id.idiag_dport);
    found.holder.user = one->idiag_uid;
    found.holder.kind = protocol == Protocol::tcp && one->idiag_state == TCP_TIME_WAIT
                            ? PortHolder::Kind::closing
                            : PortHolder::Kind::open;
    out.push_back(std::move(found));
  };
  // What it lists before it fails is true all the same.
  static_cast<void>(
      netlink::dump(socket.value(), netlink::Request(SOCK_DIAG_BY_FAMILY, query), each));
}

// The processes whose descriptors lead to the sockets. One pass over all processes, for all of
// them.
void name_processes(std::vector<Found>& all) {
  namespace fs = std::filesystem;
  std::map<std::string, Found*> by_link;
  for (Found& found : all) {
    if (found.inode != 0) {
      by_link["socket:[" + std::to_string(found.inode) + "]"] = &found;
    }
  }
  std::error_code code;
  for (const auto& process : fs::directory_iterator("/proc", code)) {
    const std::string name = process.path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c); })) {
      continue;
    }
    for (fs::directory_iterator fd(process.path() / "fd", code), end; !code && fd != end;
         fd.increment(code)) {
      std::error_code gone;
      const auto found = by_link.find(fs::read_symlink(fd->path(), gone).string());
      if (gone || found == by_link.end() || found->second->holder.process != 0) {
        continue;
      }
      PortHolder& holder = found->second->holder;
      holder.process = static_cast<pid_t>(std::stol(name));
      std::ifstream(process.path() / "comm") >> holder.program;
    }
  }
}

}  // namespace

std::vector<PortHolder> port_holders(Port port, Protocol protocol) {
  std::vector<Found> all;
  add_of_family(AF_INET, port, protocol, all);
  add_of_family(AF_INET6, port, protocol, all);
  std::stable_sort(all.begin(), all.end(), [](const Found& a, const Found& b) {
    const auto rank = [](const Found& one) {
      return one.holder.kind == PortHolder::Kind::closing ? 2 : one.holder.remote.port != 0 ? 1 : 0;
    };
    return rank(a) < rank(b);
  });
  all.resize(std::min(all.size(), max_named));
  name_processes(all);
  std::vector<PortHolder> out;
  out.reserve(all.size());
  for (Found& found : all) {
    out.push_back(std::move(found.holder));
  }
  return out;
}

std::string text_of(const PortHolder& holder) {
  const std::string protocol = holder.protocol == Protocol::tcp ? "TCP" : "UDP";
  const std::string ends = holder.remote.port == 0
                               ? " at " + holder.local.text()
                               : " from " + holder.local.text() + " to " + holder.remote.text();
  if (holder.kind == PortHolder::Kind::closing) {
    return "a " + protocol + " connection" + ends + " has ended and is in TIME_WAIT, for a minute";
  }
  const std::string owner = holder.process == 0 ? "a process of user " + std::to_string(holder.user)
                                                : "process " + std::to_string(holder.process) +
                                                      " (" + holder.program + ")";
  return owner +
         (holder.remote.port == 0 ? " has a " + protocol + " socket"
                                  : " has a " + protocol + " connection") +
         ends;
}

}  // namespace weir
