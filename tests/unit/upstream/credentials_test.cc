// User names and passwords out of a section, and the file that a password may stand in.
#include "upstream/credentials.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "make.h"

namespace weir {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

class SecretFile {
 public:
  explicit SecretFile(const std::string& content, mode_t mode = 0600)
      : path_(std::filesystem::temp_directory_path() /
              ("weir-secret-" + std::to_string(getpid()))) {
    std::ofstream(path_, std::ios::binary) << content;
    REQUIRE(chmod(path_.c_str(), mode) == 0);
  }
  ~SecretFile() { std::filesystem::remove(path_); }
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;
  [[nodiscard]] std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Lines with(const std::string& type, Lines more) {
  more.insert(more.begin(), {"server", type == "socks5" ? "192.0.2.1:1080" : "192.0.2.1:3128"});
  return more;
}

std::string error(const Lines& more, const std::string& type = "socks5") {
  return refusal(type, with(type, more));
}

std::string password_in(const std::string& content) {
  const SecretFile file(content);
  const auto parsed = parse_credentials(
      section("socks5", with("socks5", {{"username", "router"}, {"password-file", file.path()}})),
      255);
  REQUIRE(parsed.ok());
  REQUIRE(parsed.value());
  CHECK(parsed.value()->username == "router");
  return parsed.value()->password;
}

}  // namespace

TEST_CASE("a section without credentials has none") {
  const auto parsed = parse_credentials(section("socks5", with("socks5", {})), 255);
  REQUIRE(parsed.ok());
  CHECK(parsed.value() == nullptr);
}

TEST_CASE("the password is the file's first line, without its end") {
  CHECK(password_in("s3cret\n") == "s3cret");
  CHECK(password_in("s3cret") == "s3cret");
  CHECK(password_in("s3cret\r\n") == "s3cret");
  CHECK(password_in("s3cret\nsecond line\n") == "s3cret");
  CHECK(password_in(" sp ace; # \t\n") == " sp ace; # \t");
  CHECK(password_in("\xc3\xa9\n") == "\xc3\xa9");
  CHECK(password_in(std::string(255, 'p') + "\n") == std::string(255, 'p'));
}

TEST_CASE("a file that every user may read is refused, and its group's is not") {
  for (const mode_t mode : {0644, 0604, 0666, 0444}) {
    const SecretFile file("s3cret\n", mode);
    CHECK(error({{"username", "router"}, {"password-file", file.path()}}) ==
          "13: 'password-file': every user may read " + file.path() + ": chmod o-r " + file.path());
  }
  for (const mode_t mode : {0600, 0640, 0400}) {
    const SecretFile file("s3cret\n", mode);
    CHECK(error({{"username", "router"}, {"password-file", file.path()}}) == "accepted");
  }
}

TEST_CASE("a file that is missing, none, or empty is refused at its line") {
  CHECK(error({{"username", "router"}, {"password-file", "/nowhere/secret"}}) ==
        "13: 'password-file': cannot read /nowhere/secret: No such file or directory");
  CHECK(error({{"username", "router"}, {"password-file", "/"}}) ==
        "13: 'password-file': / is not a file");
  for (const std::string content : {"", "\n", "\r\n", "\nsecond line\n"}) {
    const SecretFile file(content);
    CHECK(error({{"username", "router"}, {"password-file", file.path()}}) ==
          "13: 'password-file' holds no password");
  }
}

TEST_CASE("a path is relative to the file that names it") {
  const auto folder = std::filesystem::temp_directory_path();
  const SecretFile file("s3cret\n");
  const std::string name = std::filesystem::path(file.path()).filename();
  // The section stands in "weir.ini": the folder we are in.
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  CHECK(error({{"username", "router"}, {"password-file", name}}) == "accepted");
  std::filesystem::current_path(here);
}

TEST_CASE("a name without a password, or the other way round, is refused") {
  const SecretFile file("s3cret\n");
  CHECK(error({{"username", "router"}}) == "10: 'username' without 'password' or 'password-file'");
  CHECK(error({{"password", "s3cret"}}) == "12: a password without 'username'");
  CHECK(error({{"password-file", file.path()}}) == "12: a password without 'username'");
  CHECK(error({{"username", "router"}, {"password", "x"}, {"password-file", file.path()}}) ==
        "14: 'password' and 'password-file' are both given: leave one out");
  CHECK(error({{"username", "router"}, {"password", "s3cret"}}) == "accepted");
}

TEST_CASE("what the protocol cannot carry is refused, without being told") {
  const std::string just(255, 'x');
  const std::string longer(256, 'x');
  CHECK(error({{"username", just}, {"password", just}}) == "accepted");
  CHECK(error({{"username", longer}, {"password", "x"}}) ==
        "12: 'username' is longer than 255 bytes");
  CHECK(error({{"username", "x"}, {"password", longer}}) ==
        "13: the password is longer than 255 bytes");
  const SecretFile file(std::string(2'000, 'p'));
  CHECK(error({{"username", "x"}, {"password-file", file.path()}}) ==
        "13: the password is longer than 255 bytes");
  CHECK(error({{"username", longer}, {"password", longer}}, "http-connect") == "accepted");
  CHECK(error({{"username", "a:b"}, {"password", "x"}}, "http-connect") ==
        "12: 'username' must not contain ':' (it ends the name in Basic authentication)");
}

TEST_CASE("an upstream is up to date until its password file says something else") {
  for (const std::string type : {"socks5", "http-connect"}) {
    std::string path;
    const auto made = [&]() {
      const SecretFile file("s3cret\n");
      path = file.path();
      const Lines lines = with(type, {{"username", "router"}, {"password-file", path}});
      auto one = upstream(type, lines);
      CHECK(one->is_up_to_date(section(type, lines)));
      return one;
    }();
    const Settings same =
        section(type, with(type, {{"username", "router"}, {"password-file", path}}));
    CHECK_FALSE(made->is_up_to_date(same));  // gone
    {
      const SecretFile file("s3cret\n");
      CHECK(made->is_up_to_date(same));
    }
    {
      const SecretFile file("other\n");
      CHECK_FALSE(made->is_up_to_date(same));
    }
    const SecretFile file("s3cret\n", 0644);
    CHECK_FALSE(made->is_up_to_date(same));
  }
  const Lines none = with("socks5", {});
  CHECK(upstream("socks5", none)->is_up_to_date(section("socks5", none)));
}

}  // namespace weir
