# Completion of sipsteer(1) for bash. What there is to complete is asked: the commands and their options from the tool's own help, the
# names of sites, endpoints and services from the running daemon (for at most a second; none is no error).
# shellcheck shell=bash disable=SC2207 # words have no spaces here

_sipsteer_ask() {
    timeout 1 "${_sipsteer_where[@]}" "$@" --json 2>/dev/null
}

# The values of a key in a reply.
_sipsteer_values() { # KEY COMMAND
    _sipsteer_ask "$2" | sed -n "s/^ *\"$1\": \"\\([^\"]*\\)\".*/\\1/p" | sort -u
}

_sipsteer_commands() {
    "$_sipsteer_program" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\).*/\1/p' | sort -u
}

_sipsteer_options() { # COMMAND: what its usage names
    "$_sipsteer_program" "$1" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]+' | sort -u
    echo --json
    echo --help
}

# The words that a command takes by its usage: "fail|drain SITE..." offers fail and drain.
_sipsteer_words() { # COMMAND
    "$_sipsteer_program" "$1" --help 2>/dev/null | sed -n '1s/^usage: [^]]*\] [a-z-]* *//p' | sed 's/\[.*//' | grep -oE '\b[a-z][a-z-]+\b' | sort -u
}

_sipsteer_targets() { # sites, endpoints and services, as orders name them
    _sipsteer_ask endpoints | sed -n 's/^ *"\(site\|host\)": "\([^"]*\)".*/\2/p' | while read -r site && read -r host; do
        printf '%s\n%s/%s\n' "$site" "$site" "${host%%.*}"
    done | sort -u
    _sipsteer_values service demand | sed 's/^/service:/'
}

_sipsteer() {
    local cur prev words cword
    _init_completion -n : 2>/dev/null || {
        words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    }
    local _sipsteer_program=${words[0]} _sipsteer_where=("${words[0]}") command='' position=0 i choices=''
    for ((i = 1; i < cword; i++)); do
        case ${words[i]} in
        -c | --config | -s | --socket)
            _sipsteer_where+=("${words[i]}" "${words[i + 1]}")
            ((++i))
            ;;
        --json | --help | -h | --yes | --force | --dry-run | --check | --watch | --follow | --compare | --no-reload | --csk | --ksk | --zsk) ;;
        --*) ((++i)) ;; # and its value
        *)
            if [ -z "$command" ]; then command=${words[i]}; else ((++position)); fi
            ;;
        esac
    done
    case $prev in
    -c | --config | -s | --socket | --from | --svg)
        COMPREPLY=($(compgen -f -- "$cur"))
        compopt -o filenames 2>/dev/null
        return
        ;;
    --to) choices="next $(_sipsteer_values site sites)" ;;
    --role) choices='view operate' ;;
    --unit) choices='calls cps percent' ;;
    --by) choices='service class site resolver' ;;
    --probe) choices=$(_sipsteer_values probe endpoints) ;;
    --policy) choices='sipsteer nearest static least-loaded shedding' ;;
    --for | --reason | --client | --detail | --calls | --max-move | --at | --until | --since | --who | --kind | --target | --file | --interval) return ;;
    esac
    if [ -n "$choices" ]; then
        :
    elif [ -z "$command" ]; then
        if [[ $cur == -* ]]; then choices='-c -s --config --socket --json --help --version'; else choices=$(_sipsteer_commands); fi
    elif [[ $cur == -* ]]; then
        choices=$(_sipsteer_options "$command")
    else
        case $command:$position in
        drain:0 | disable:0 | enable:0 | push-load:0) choices=$(_sipsteer_targets) ;;
        push:0) choices=$(_sipsteer_targets | grep /) ;;
        push:1) choices='up draining down' ;;
        explain:0) choices=$(_sipsteer_values service demand) ;;
        explain:1) choices='A AAAA SRV NAPTR' ;;
        delegation:0 | keys:0) choices=$(_sipsteer_values name zones) ;;
        switch:*) choices="all service: label: country: continent: prefix: $(_sipsteer_values site sites) $(_sipsteer_values region sites | sed 's/^/region:/')" ;;
        revert:0) choices="last $(_sipsteer_ask overrides | sed -n 's/^ *"id": \([0-9]*\).*/\1/p')" ;;
        drill:0) choices='fail stop' ;;
        token:0) choices='new list remove' ;;
        keys:1) choices='list generate ds roll ds-seen' ;;
        simulate:0)
            COMPREPLY=($(compgen -f -- "$cur"))
            compopt -o filenames 2>/dev/null
            return
            ;;
        *:0) choices="$(_sipsteer_words "$command") $(_sipsteer_values site sites)" ;;
        *) choices=$(_sipsteer_values site sites) ;;
        esac
        case $command in # that take no names
        status | sites | zones | endpoints | demand | checks | load | overrides | plan | reload | check | stop | history | alerts | drills | metrics | top)
            choices=''
            ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$choices" -- "$cur"))
    declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$cur"
    return 0
} && complete -F _sipsteer sipsteer
