#include "upstream/credentials.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

#include "base/descriptor.h"

namespace weir {
namespace {

// Relative to the configuration file that names it, as every other path in there.
std::string beside(const SourceLocation& location, const std::string& path) {
  return (std::filesystem::path(location.file).parent_path() / path).string();
}

// The first line of a file that is a secret's.
Result<std::string> read_secret(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file.valid() || fstat(file.get(), &status) != 0) {
    return Error("cannot read " + path + ": " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return Error(path + " is not a file");
  }
  if ((status.st_mode & S_IROTH) != 0) {
    return Error("every user may read " + path + ": chmod o-r " + path);
  }
  std::array<char, 1024> buffer{};
  const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
  if (size < 0) {
    return Error("cannot read " + path + ": " + std::strerror(errno));
  }
  std::string secret(buffer.data(), static_cast<std::size_t>(size));
  secret.resize(std::min(secret.find('\n'), secret.size()));
  if (!secret.empty() && secret.back() == '\r') {
    secret.pop_back();
  }
  return secret;
}

}  // namespace

Result<std::shared_ptr<const Credentials>> parse_credentials(const Settings& settings,
                                                             std::size_t longest) {
  const auto wrong = [&](const std::string& text, std::string_view key) {
    return Error(text, settings.location_of(key));
  };
  Credentials out{.username = settings.text_or_empty("username"),
                  .password = settings.text_or_empty("password")};
  const bool from_file = settings.given("password-file");
  if (from_file) {
    if (settings.given("password")) {
      return wrong("'password' and 'password-file' are both given: leave one out", "password-file");
    }
    auto secret =
        read_secret(beside(settings.location_of("password-file"), settings.text("password-file")));
    if (!secret) {
      return wrong("'password-file': " + secret.error().text(), "password-file");
    }
    out.password = std::move(secret).value();
  }
  const std::string_view given_by = from_file ? "password-file" : "password";
  if (out.username.empty()) {
    if (from_file || settings.given("password")) {
      return wrong("a password without 'username'", given_by);
    }
    return std::shared_ptr<const Credentials>();
  }
  if (out.password.empty() && from_file) {
    return wrong("'password-file' holds no password", given_by);
  }
  if (out.password.empty()) {  // of the section as a whole: a file that cannot be read is the cause
    return Error("'username' without 'password' or 'password-file'", settings.location());
  }
  if (out.username.size() > longest) {
    return wrong("'username' is longer than " + std::to_string(longest) + " bytes", "username");
  }
  if (out.password.size() > longest) {
    return wrong("the password is longer than " + std::to_string(longest) + " bytes", given_by);
  }
  return std::make_shared<const Credentials>(std::move(out));
}

bool same_credentials(const Result<std::shared_ptr<const Credentials>>& now,
                      const std::shared_ptr<const Credentials>& used) {
  if (!now || (now.value() == nullptr) != (used == nullptr)) {
    return false;
  }
  return used == nullptr || *now.value() == *used;
}

}  // namespace weir
