#include "cli/privileges.h"

#include <cap-ng.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/transparent.h"
#include "takeover/takeover_client.h"

namespace weir {
namespace {

// Transparent sockets, marks and the firewall; raw replies and iptables; replies from ports below
// 1024.
constexpr std::array kept{CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE};

struct User {
  uid_t id = 0;
  gid_t group = 0;
};

Result<User> user_named(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 16384> text{};
  getpwnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
  if (found == nullptr) {
    return Error("gateway.user = " + name + ": there is no such user");
  }
  return User{.id = entry.pw_uid, .group = entry.pw_gid};
}

// True when nothing is there but a control socket, the one that a successor takes over by, and what
// a gateway that was killed in its first moments has locked.
bool holds_nothing_else(const std::filesystem::path& folder, const std::filesystem::path& socket) {
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
    const auto is = [&](const std::string& path) {
      return entry.path() == path || entry.path() == path + ".lock";
    };
    if (!is(socket) && !is(takeover_path(socket))) {
      return false;
    }
  }
  return !code;
}

Result<> give_socket_folder(const std::string& socket, const User& user) {
  const auto folder = std::filesystem::path(socket).parent_path();
  std::error_code code;
  const bool made = std::filesystem::create_directories(folder, code);
  if (code) {
    return Error("cannot make " + folder.string() + ": " + code.message());
  }
  struct stat status {};
  const bool ours = stat(folder.c_str(), &status) == 0 && status.st_uid == 0 &&
                    (status.st_mode & S_ISVTX) == 0 && holds_nothing_else(folder, socket);
  if ((made || ours) && chown(folder.c_str(), user.id, user.group) != 0) {
    return system_error("cannot give " + folder.string() + " to the gateway's user", errno);
  }
  return Ok{};
}

Result<> change_to(const User& user) {
  capng_clear(CAPNG_SELECT_ALL);
  constexpr auto own =
      static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE);
  for (const int capability : kept) {
    if (capng_update(CAPNG_ADD, own, static_cast<unsigned>(capability)) != 0) {
      return Error("cannot choose the capabilities to keep");
    }
  }
  if (const int failed =
          capng_change_id(static_cast<int>(user.id), static_cast<int>(user.group),
                          static_cast<capng_flags_t>(CAPNG_INIT_SUPP_GRP | CAPNG_CLEAR_BOUNDING));
      failed != 0) {
    return Error("cannot change to the user (step " + std::to_string(-failed) +
                 "): root needs CAP_SETUID, CAP_SETGID and CAP_SETPCAP for that");
  }
  // What programs that we start get, too.
  for (const int capability : kept) {
    capng_update(CAPNG_ADD, CAPNG_AMBIENT, static_cast<unsigned>(capability));
  }
  if (capng_apply(CAPNG_SELECT_AMBIENT) != 0) {
    return Error("cannot pass capabilities on to nft and ip");
  }
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);  // NOLINT(cppcoreguidelines-pro-type-vararg)
  return Ok{};
}

}  // namespace

Result<> become_user(const Configuration& configuration) {
  const std::string& name = configuration.gateway.user;
  if (name.empty()) {
    return Ok{};
  }
  const auto user = user_named(name);
  if (!user) {
    return user.error();
  }
  if (user.value().id == geteuid()) {
    return Ok{};
  }
  if (geteuid() != 0) {
    return Error("gateway.user = " + name + ": only root can become another user");
  }
  if (auto given = give_socket_folder(configuration.admin.socket, user.value()); !given) {
    return given.error();
  }
  return change_to(user.value());
}

}  // namespace weir
