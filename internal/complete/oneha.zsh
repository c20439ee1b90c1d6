#compdef oneha
# Completion of oneha for zsh. The program itself knows the answers.
_oneha() {
	local line files=
	local -a answers
	for line in "${(@f)$(${~words[1]} completion answer oneha "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
		case $line in
		:*) files=${line#:} ;;
		?*) answers+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
		esac
	done
	compset -P '--*='
	(( $#answers )) && _describe -t values oneha answers
	case $files in
	dirs) _files -/ ;;
	files) _files ;;
	yaml) _files -g '*.(yaml|yml)' ;;
	esac
}

if [[ $funcstack[1] == _oneha ]]; then # in a directory of fpath
	_oneha "$@"
else # sourced
	compdef _oneha oneha
fi
