# What `cmake --install` puts beside the two programs. Nothing goes outside of the prefix: the configuration is the administrator's, and
# examples lie in share/doc. Another --prefix at the time of the installation than at that of the build is heeded, too.
include(GNUInstallDirs)
set(SIPSTEER_UNIT_DIR lib/systemd/system CACHE STRING "Where units of systemd go; not absolute: in the prefix")

# Pages made from others: sipsteer.conf(5) from docs/configuration.md, the handbook from all of docs/. The interpreter is the system's
# own, whatever stands first in PATH.
find_program(SYSTEM_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
find_program(CMARK cmark-gfm REQUIRED)
file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md)
file(GLOB pictures CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/pictures/*.svg ${PROJECT_SOURCE_DIR}/docs/pictures/*.png)
set(made ${CMAKE_BINARY_DIR}/docs)
file(MAKE_DIRECTORY ${made})
add_custom_command(OUTPUT ${made}/sipsteer.conf.5
  COMMAND ${SYSTEM_PYTHON} docs/make/conf_man.py docs/configuration.md docs/man/sipsteerd.8 > ${made}/sipsteer.conf.5
  DEPENDS docs/make/conf_man.py docs/configuration.md docs/man/sipsteerd.8
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM)
add_custom_command(OUTPUT ${made}/handbook.html
  COMMAND ${SYSTEM_PYTHON} docs/make/handbook.py --cmark ${CMARK} docs ${made}/handbook.html
  DEPENDS docs/make/handbook.py docs/make/handbook.css ${pages} ${pictures}
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM)
add_custom_target(documents ALL DEPENDS ${made}/sipsteer.conf.5 ${made}/handbook.html)

install(FILES docs/man/sipsteerd.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES ${made}/sipsteer.conf.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES docs/man/sipsteer.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES contrib/completion/sipsteer.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME sipsteer)
install(FILES contrib/completion/_sipsteer DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES contrib/systemd/sipsteer.sysusers DESTINATION lib/sysusers.d RENAME sipsteer.conf)
install(FILES ${pages} ${made}/handbook.html CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${pictures} DESTINATION ${CMAKE_INSTALL_DOCDIR}/pictures)
install(DIRECTORY contrib/example/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(DIRECTORY contrib/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/contrib USE_SOURCE_PERMISSIONS
  PATTERN demo EXCLUDE PATTERN example EXCLUDE PATTERN systemd EXCLUDE PATTERN completion EXCLUDE PATTERN sip-responder.c EXCLUDE)

# Units name the programs by where they are installed to, which is known only then: @SBINDIR@, @BINDIR@ and @DOCDIR@ in NAME.in.
file(GLOB units CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/contrib/systemd/*.service.in ${PROJECT_SOURCE_DIR}/contrib/systemd/*.timer.in)
file(GLOB plain_units CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/contrib/systemd/*.service ${PROJECT_SOURCE_DIR}/contrib/systemd/*.timer)
install(CODE "
  set(UNIT_DIR ${SIPSTEER_UNIT_DIR})
  set(SBINDIR \${CMAKE_INSTALL_PREFIX}/sbin)
  set(BINDIR \${CMAKE_INSTALL_PREFIX}/bin)
  set(DOCDIR \${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR})
  cmake_path(ABSOLUTE_PATH UNIT_DIR BASE_DIRECTORY \${CMAKE_INSTALL_PREFIX})
  set(made ${plain_units})
  foreach(unit ${units})
    cmake_path(GET unit STEM LAST_ONLY name)
    configure_file(\${unit} ${CMAKE_BINARY_DIR}/units/\${name} @ONLY)
    list(APPEND made ${CMAKE_BINARY_DIR}/units/\${name})
  endforeach()
  file(INSTALL \${made} DESTINATION \${UNIT_DIR})
")
