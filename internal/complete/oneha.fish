# Completion of oneha for fish. The program itself knows the answers.
function __oneha_answer
    set -l before (commandline -opc)
    set -l word (string unescape -- (string replace -r -- '^[\'"]' '' (commandline -ct)))
    set -l flag (string match -r -- '^--[^=]*=' "$word")
    set -l value (string replace -r -- '^--[^=]*=' '' "$word")
    for line in ($before[1] completion answer oneha $before[2..-1] "$word" 2>/dev/null)
        switch $line
            case ':dirs'
                printf '%s\n' "$flag"(__fish_complete_directories "$value")
            case ':files'
                printf '%s\n' "$flag"(__fish_complete_path "$value")
            case ':yaml'
                printf '%s\n' "$flag"(__fish_complete_path "$value" | string match -r '.*(?:/|\.ya?ml)(?:\t.*)?$')
            case '*'
                printf '%s\n' "$flag$line"
        end
    end
end

complete -c oneha -f -a '(__oneha_answer)'
