# Completion of oneha for bash. The program itself knows the answers.
_oneha() {
	local program=${COMP_WORDS[0]/#\~/$HOME} cur=${COMP_WORDS[COMP_CWORD]} quote= word about i
	local -a words=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == '=' ]] || words+=("${COMP_WORDS[i]//\\/}") # bash divides --flag=value
	done
	case $cur in
	'=') cur= ;;
	[\"\']*) quote=yes cur=${cur:1} ;;
	*) cur=${cur//\\/} ;;
	esac
	COMPREPLY=()
	while IFS=$'\t' read -r word about; do
		case $word in
		:dirs) _oneha_files -d ;;
		:files) _oneha_files -f ;;
		:yaml)
			_oneha_files -f -X '!*.yaml'
			_oneha_files -f -X '!*.yml'
			_oneha_files -d
			;;
		*)
			[[ $quote ]] || printf -v word %q "$word"
			COMPREPLY+=("$word")
			;;
		esac
	done < <("$program" completion answer oneha "${words[@]}" "$cur" 2>/dev/null)
}

# _oneha_files adds what compgen finds, for the word in cur.
_oneha_files() {
	local name
	compopt -o filenames 2>/dev/null
	while IFS= read -r name; do
		COMPREPLY+=("$name")
	done < <(compgen "$@" -- "$cur")
}

complete -F _oneha oneha
