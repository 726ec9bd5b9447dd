#include "config/files.h"

#include <glob.h>
#include <pwd.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <span>

#include "base/regular_file.h"

namespace weir {
namespace {

// 65,535 rules take less than 10 MiB; what is larger is no configuration.
constexpr std::size_t largest_file = std::size_t{64} << 20U;

}  // namespace

std::optional<std::uint32_t> SystemFiles::user(const std::string& name) const {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 16384> text{};
  getpwnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
  return found != nullptr ? std::optional<std::uint32_t>(entry.pw_uid) : std::nullopt;
}

Result<std::string> SystemFiles::read(const std::string& path) const {
  const auto file = RegularFile::open(path);
  if (!file) {
    return file.error();
  }
  std::string out;
  while (true) {
    constexpr std::size_t step = std::size_t{64} << 10U;
    const std::size_t had = out.size();
    if (had > largest_file) {
      return Error("it is larger than 64MiB");
    }
    out.resize(had + step);
    const auto got = file.value().read(std::span(out).subspan(had));
    if (!got) {
      return got.error();
    }
    out.resize(had + got.value());
    if (got.value() == 0) {
      break;
    }
  }
  if (auto unchanged = file.value().check_unchanged(); !unchanged) {
    return unchanged.error();
  }
  return out;
}

Result<std::vector<std::string>> SystemFiles::matching(const std::string& pattern) const {
  glob_t found{};
  // A folder that is not there has no files; one that may not be read is a problem.
  const auto give_up = [](const char*, int error) { return error == ENOENT ? 0 : 1; };
  const int code = glob(pattern.c_str(), 0, give_up, &found);
  std::vector<std::string> out;
  if (code == 0) {
    out.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  if (code != 0 && code != GLOB_NOMATCH) {
    return Error(code == GLOB_NOSPACE ? "there is not enough memory" : "its folder cannot be read");
  }
  return out;
}

bool SystemFiles::has_folder(const std::string& path) const {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool SystemFiles::has_user(const std::string& name) const {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 16384> text{};
  getpwnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
  return found != nullptr;
}

std::string beside(const std::string& file, const std::string& path) {
  const auto slash = file.rfind('/');
  return path.starts_with('/') || slash == std::string::npos ? path
                                                             : file.substr(0, slash + 1) + path;
}

}  // namespace weir
