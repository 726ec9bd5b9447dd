# What is installed, and the packages made of it: `cpack -G DEB` or `cpack -G TGZ` in the build's folder.
include(GNUInstallDirs)
install(TARGETS weir RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(FILES etc/weir.ini DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/weir)
install(FILES packaging/logrotate DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/logrotate.d RENAME weir)
# The documents keep their places relative to one another, so that their links lead somewhere.
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
foreach(folder src src/relay src/rules src/upstream)
  install(FILES ${folder}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/${folder})
endforeach()
install(DIRECTORY etc/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
file(CREATE_LINK examples ${CMAKE_BINARY_DIR}/etc SYMBOLIC)
install(FILES ${CMAKE_BINARY_DIR}/etc DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

# systemd reads units of packages only here, whatever the prefix.
file(READ ${CMAKE_SOURCE_DIR}/systemd/weir.service unit)
string(REPLACE "/usr/sbin/weir" "${CMAKE_INSTALL_FULL_SBINDIR}/weir" unit "${unit}")
string(REPLACE "/etc/weir" "${CMAKE_INSTALL_FULL_SYSCONFDIR}/weir" unit "${unit}")
file(CONFIGURE OUTPUT systemd/weir.service CONTENT "${unit}" @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/systemd/weir.service DESTINATION /lib/systemd/system)
install(FILES systemd/weir.sysusers DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/sysusers.d RENAME weir.conf)

# Manual pages and completions are what the program says of itself. Debian's policy wants manual pages
# and changes compressed, without a time in them.
function(weir_compressed input output)
  add_custom_command(OUTPUT ${output} COMMAND gzip -9nc ${input} > ${output} DEPENDS ${input} VERBATIM)
  set_property(GLOBAL APPEND PROPERTY WEIR_REFERENCES ${output})
endfunction()
function(weir_reference what file)
  set(output ${CMAKE_BINARY_DIR}/reference/${file})
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/reference
    COMMAND weir reference ${what} > ${output} DEPENDS weir VERBATIM)
  set_property(GLOBAL APPEND PROPERTY WEIR_REFERENCES ${output})
  if(ARGC GREATER 2)
    install(FILES ${output} DESTINATION ${ARGV2})
  endif()
endfunction()
weir_reference(man weir.1)
weir_reference(ini weir.ini.5)
foreach(page weir.1 weir.ini.5)
  string(REGEX REPLACE ".*[.]" "man" section ${page})
  set(manual ${CMAKE_BINARY_DIR}/reference/${page})
  weir_compressed(${manual} ${manual}.gz)
  install(FILES ${manual}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/${section})
endforeach()
weir_compressed(${CMAKE_SOURCE_DIR}/CHANGELOG.md ${CMAKE_BINARY_DIR}/changelog.gz)
install(FILES ${CMAKE_BINARY_DIR}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR})
weir_reference(bash weir ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
weir_reference(zsh _weir ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
weir_reference(fish weir.fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
get_property(references GLOBAL PROPERTY WEIR_REFERENCES)
add_custom_target(reference ALL DEPENDS ${references})

set(CPACK_PACKAGE_NAME weir)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "transparent interception gateway for Linux routers")
set(CPACK_PACKAGE_DESCRIPTION
  "weir takes TCP connections and UDP datagrams that the firewall's TPROXY rule hands it, picks the first
rule of its configuration that matches, and forwards them through that rule's upstream: to where they
were going, to servers of a pool, or nowhere. Neither side needs to know.")
set(CPACK_PACKAGE_CONTACT "The weir authors <weir@localhost>")
# A Debian package is stripped by what makes weir-dbgsym of it: symbols, and lines where the preset has them.
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ON)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_SOURCE_DIR}/packaging/stripping.cmake)
set(CPACK_VERBATIM_VARIABLES ON)
# Into a folder of its own, absolute paths (/etc, /lib/systemd) too.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "iproute2, nftables | iptables")
# Long lists, and routes that lead nowhere, with iptables.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ipset")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/packaging/debian/conffiles ${CMAKE_SOURCE_DIR}/packaging/debian/postinst
  ${CMAKE_SOURCE_DIR}/packaging/debian/prerm ${CMAKE_SOURCE_DIR}/packaging/debian/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_GENERATOR DEB TGZ)
include(CPack)
