#include "firewall/cgroup_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace weir::firewall {

Result<std::unique_ptr<CgroupWatch>> CgroupWatch::open(Loop& loop, std::string mount,
                                                       std::span<const std::string> paths,
                                                       std::function<void()> on_change) {
  Descriptor inotify(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify.valid()) {
    return Error(std::string("inotify: ") + std::strerror(errno));
  }
  return std::unique_ptr<CgroupWatch>(
      new CgroupWatch(loop, std::move(inotify), std::move(mount), paths, std::move(on_change)));
}

CgroupWatch::CgroupWatch(Loop& loop, Descriptor inotify, std::string mount,
                         std::span<const std::string> paths, std::function<void()> on_change)
    : inotify_(std::move(inotify)),
      mount_(std::move(mount)),
      paths_(paths.begin(), paths.end()),
      on_change_(std::move(on_change)),
      poll_(loop, inotify_.get(), [this](Poll::Ready) { read(); }) {
  watch();
  poll_.watch({.readable = true, .writable = false});
}

// Every folder that is there; one that is watched already stays so.
void CgroupWatch::watch() const {
  for (const std::string& path : paths_) {
    for (std::size_t end = 0; end != std::string::npos;) {
      const std::string folder = mount_ + "/" + path.substr(0, end);
      if (inotify_add_watch(inotify_.get(), folder.c_str(),
                            IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR) < 0) {
        break;
      }
      end = path.find('/', end == 0 ? 0 : end + 1);
    }
  }
}

void CgroupWatch::read() {
  alignas(inotify_event) std::array<char, 4096> events{};
  bool some = false;
  while (::read(inotify_.get(), events.data(), events.size()) > 0) {
    some = true;  // which one does not matter: the owner looks at all of them
  }
  if (some) {
    watch();
    on_change_();
  }
}

}  // namespace weir::firewall
